"""Planted faults in exit codes and in how a launcher ends."""

import time

from .sound import TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn


class exit_1_255_is_1(Launcher):
    """Turns 255 into 1.

    Launchers that use -1 for "failed to start" cannot tell it from a command's own 255.
    """

    breaks = "EXIT-1"

    def code(self, code: int) -> int:
        return 1 if code == 255 else code


class exit_1_nonzero_is_1(Launcher):
    """Turns every code but 0 into 1.

    Task runners that only know success and failure.
    """

    breaks = "EXIT-1"
    # when the case looks at a status other than 0 and 1; the child reports a missing command as its exit code 127
    may_break = ("EXIT-4", "EXIT-6", "EXIT-7", "SIG-5", "SIG-7", "SIG-8", "TREE-6", "TREE-7")

    def code(self, code: int) -> int:
        return 1 if code else 0


class exit_1_seven_bits(Launcher):
    """Keeps seven bits of the exit code: 128 becomes 0, 255 becomes 127.

    The mask that belongs to the signal part of a wait status, used on the exit code.
    """

    breaks = "EXIT-1"

    def code(self, code: int) -> int:
        return code & 0x7F


class exit_2_kill_is_1(Launcher):
    """Exits 1 when the command dies of SIGKILL, while every other signal is right.

    The table of expected signals lacks the one of the out-of-memory killer (uv#16726).
    """

    breaks = "EXIT-2"
    also_breaks = ("TREE-6",)
    # EXIT-5 asks for 128+N too, and its case uses SIGKILL
    may_break = ("EXIT-5",)

    def die_of(self, number: int) -> "NoReturn":
        if number == signal.SIGKILL:
            self.exit(1)
        super().die_of(number)


class exit_2_negative(Launcher):
    """Exits with the negative signal number, so that SIGTERM gives 241 instead of 143.

    `sys.exit(subprocess.run(...).returncode)`, in many Python wrappers.
    """

    breaks = "EXIT-2"
    # when the case ends its command by a signal and looks at the status
    may_break = ("EXIT-5", "EXIT-7", "TREE-6", "TTY-1", "TTY-2", "TTY-4")

    def die_of(self, number: int) -> "NoReturn":
        self.exit(-number & 0xFF)


class exit_2_one(Launcher):
    """Exits 1 when the command dies of a signal.

    cross-env 5.1.5 and later.
    """

    breaks = "EXIT-2"
    # when the case ends its command by a signal and looks at the status
    may_break = ("EXIT-5", "EXIT-7", "TREE-6", "TTY-1", "TTY-2", "TTY-4")

    def die_of(self, number: int) -> "NoReturn":
        self.exit(1)


class exit_2_realtime(Launcher):
    """Exits 1 when the command dies of a real-time signal.

    A table of named signals ends at SIGSYS; the real-time ones have no name of their own.
    """

    breaks = "EXIT-2"

    def die_of(self, number: int) -> "NoReturn":
        if number >= signal.SIGRTMIN:
            self.exit(1)
        super().die_of(number)


class exit_2_zero(Launcher):
    """Exits 0 when the command dies of a signal.

    cross-env 5.1.4 (cross-env#150), dumb-init 1.0.0 (dumb-init#59).
    """

    breaks = "EXIT-2"
    # when the case ends its command by a signal and looks at the status
    may_break = ("EXIT-5", "EXIT-7", "TREE-6", "TTY-1", "TTY-2", "TTY-4")

    def die_of(self, number: int) -> "NoReturn":
        self.exit(0)


class exit_3_stop_is_end(Launcher):
    """Treats a stop of the command as its end, exits, and leaves it stopped.

    waitpid with WUNTRACED, and no look at WIFSTOPPED.
    """

    breaks = "EXIT-3"
    # Ctrl-Z ends the job instead of stopping it; the stopped command is an orphan
    also_breaks = ("TTY-3",)
    # when the stopped command is still there at the end
    may_break = ("TREE-1",)

    def on_child_stop(self, number: int) -> None:
        self.on_child_end(number << 8)  # what WEXITSTATUS makes of the report of a stop


class exit_4_all_127(Launcher):
    """Exits 127, not 126, when the command is not executable.

    It searches for executable files only, so any other file is "not found".
    """

    breaks = "EXIT-4"

    def cannot_execute(self, error: OSError, code: int) -> None:
        super().cannot_execute(error, 127)


class exit_4_one(Launcher):
    """Exits 1, with the message, when the command cannot be run.

    Node launchers: `spawn ENOENT` is an error like any other.
    """

    breaks = "EXIT-4"

    def cannot_execute(self, error: OSError, code: int) -> None:
        super().cannot_execute(error, 1)


class exit_4_unnamed(Launcher):
    """Does not name the command that it cannot find.

    "No such file or directory (os error 2)", as Rust prints it.
    """

    breaks = "EXIT-4"

    def cannot_execute(self, error: OSError, code: int) -> None:
        self.say(f"{error.strerror} (os error {error.errno})")
        os._exit(code)


class exit_5_silent(Launcher):
    """Prints nothing when the command is killed by a signal that was not sent through the launcher.

    uv#16726.
    """

    breaks = "EXIT-5"

    def report_death(self, number: int) -> None:
        pass


class exit_5_unnamed(Launcher):
    """Prints that the command failed, but neither its name nor the signal.

    uv#16726: "failed to query the interpreter".
    """

    breaks = "EXIT-5"

    def report_death(self, number: int) -> None:
        self.say("the process failed")


class exit_6_waits_for_group(Launcher):
    """Waits until every process of its group that started after it has ended.

    "Wait for the tree". Node's `close` event, used instead of `exit`, has the same effect by way of stdout.
    """

    breaks = "EXIT-6"
    # a daemon that stays in the process group is waited for as well
    may_break = ("TREE-7", "EXIT-3")

    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
            self.guard = None
        born, _ = self.birth_and_group(os.getpid())
        while any(self.is_member(int(name), born) for name in os.listdir("/proc") if name.isdecimal()):
            time.sleep(0.01)
        super().finish(status)

    def is_member(self, pid: int, born: int) -> bool:
        try:
            birth, group = self.birth_and_group(pid)
        except OSError:
            return False
        return group == os.getpgrp() and birth >= born and pid != os.getpid()

    def birth_and_group(self, pid: int) -> tuple[int, int]:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[19]), int(fields[2]) if fields[0] != b"Z" else 0
