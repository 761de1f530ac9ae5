"""Launchers of several commands: one without a fault, and planted faults.

`launch.py NAME [--one-at-a-time] LINE...`: each line is for a shell.
"""

import select
import sys
import time

from .sound import TYPE_CHECKING, os, signal

if TYPE_CHECKING:
    from typing import NoReturn

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
TAKEN = {*ENDING, signal.SIGCHLD}
GRACE = 2.0
"""Seconds after a signal, or after a failure, at which what is left is killed."""
AT_ONCE = 65536
"""Bytes that are read; pipe(7)."""


class Command:
    """One of the commands: a shell that runs its line, as the leader of a process group, with a pipe for its output."""

    def __init__(self, number: int, line: bytes) -> None:
        self.label = b"%d | " % number
        self.line = line
        self.pid = self.output = 0
        self.status: int | None = None
        self.unread = b""

    def lead_group(self, pid: int) -> None:
        """Make it the leader of a process group: the launcher and the child both do, as either may come first."""
        try:
            os.setpgid(pid, pid)
        except OSError:
            pass

    def signal(self, number: int) -> None:
        """Signal the process group. What the command has started may be there when it has ended itself."""
        if self.pid:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):
                pass


class sound_group:
    """Has no fault. Ends all when one fails; its status is that of the command that failed first."""

    mode = "group"

    def __init__(self, words: list[bytes]) -> None:
        self.one_at_a_time = words[:1] == [b"--one-at-a-time"]
        lines = words[1:] if self.one_at_a_time else words
        self.waiting = [self.new_command(number, line) for number, line in enumerate(lines)]
        self.commands: list[Command] = []
        self.status = 0
        self.interrupted = 0  # the first signal that asked us to end
        self.deadline = 0.0
        self.wakeup, self.wakes = os.pipe()

    def new_command(self, number: int, line: bytes) -> Command:
        return Command(number, line)

    def run(self) -> "NoReturn":
        self.prepare()
        self.start_more()
        while self.running() or (self.is_ending() and self.open_outputs()):
            self.wait()
        self.finish()

    def prepare(self) -> None:
        """Let each signal write its number into a pipe. What was ignored at the start stays so for the commands."""
        for descriptor in (self.wakeup, self.wakes):
            os.set_blocking(descriptor, False)
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
        self.before = {number: signal.signal(number, lambda *_: None) for number in TAKEN}
        signal.set_wakeup_fd(self.wakes, warn_on_full_buffer=False)

    def running(self) -> list[Command]:
        return [one for one in self.commands if one.status is None]

    def open_outputs(self) -> dict[int, Command]:
        return {one.output: one for one in self.commands if one.output}

    # ---- starting

    def start_more(self) -> None:
        """Start what may be started now. The signals are blocked, so that one that has come is seen before the next."""
        signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
        while self.waiting and self.may_start():
            self.start(self.waiting.pop(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, TAKEN)

    def may_start(self) -> bool:
        if self.is_ending() or signal.sigpending() & {*ENDING}:
            return False
        return not (self.one_at_a_time and self.running())

    def is_ending(self) -> bool:
        return bool(self.interrupted or self.status)

    def start(self, command: Command) -> None:
        output, theirs = os.pipe()
        command.pid = os.fork()
        if command.pid == 0:
            try:
                self.become(command, theirs)
            finally:
                os._exit(126)
        os.close(theirs)
        command.lead_group(command.pid)
        command.output = output
        self.commands.append(command)

    def become(self, command: Command, output: int) -> None:
        command.lead_group(0)
        os.dup2(output, 1)
        signal.set_wakeup_fd(-1)
        for number, handler in self.before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):  # CPython has changed these
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask)
        os.execv("/bin/sh", [b"sh", b"-c", command.line])

    # ---- waiting

    def wait(self) -> None:
        left = max(0.0, self.deadline - time.monotonic()) if self.deadline else None
        outputs = self.open_outputs()
        ready = select.select([self.wakeup, *outputs], [], [], left)[0]
        for output in ready:
            if output != self.wakeup:
                self.read(outputs[output])
        if self.wakeup in ready:
            for number in os.read(self.wakeup, 256):
                self.on_signal(number)
        if self.deadline and time.monotonic() >= self.deadline:
            self.deadline = 0.0
            self.on_deadline()

    def on_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self.on_children()
        elif self.interrupted:
            self.on_second_signal(number)
        else:
            self.interrupted = number
            self.deadline = time.monotonic() + GRACE
            self.pass_on(number)

    def pass_on(self, number: int) -> None:
        for one in self.commands:
            one.signal(number)

    def on_second_signal(self, number: int) -> None:
        self.kill_all()

    def on_deadline(self) -> None:
        self.kill_all()

    def kill_all(self) -> None:
        for one in self.commands:
            one.signal(signal.SIGKILL)

    def on_children(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            for one in self.commands:
                if one.pid == pid:
                    one.status = os.waitstatus_to_exitcode(status)
                    self.on_end(one.status)
        self.start_more()

    def on_end(self, status: int) -> None:
        """A command has ended: with a code, or of a signal, which is negative."""
        if status and not self.is_ending():
            self.status = status if status > 0 else 128 - status
            self.end_others()

    def end_others(self) -> None:
        self.deadline = time.monotonic() + GRACE
        for one in self.running():
            one.signal(signal.SIGTERM)

    # ---- output

    def read(self, command: Command) -> None:
        """Pass on whole lines, and what is left at the end. One that has ended may have left its output to others."""
        data = os.read(command.output, AT_ONCE)
        if data:
            self.on_output(command, data)
            return
        if command.unread:
            self.print(command.label + command.unread + b"\n")
        os.close(command.output)
        command.output = 0

    def on_output(self, command: Command, data: bytes) -> None:
        *lines, command.unread = (command.unread + data).split(b"\n")
        self.print(b"".join(command.label + line + b"\n" for line in lines))

    def print(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(1, data) :]
        except OSError:  # nobody reads it any more, or the terminal has hung up
            pass

    # ---- the end

    def finish(self) -> "NoReturn":
        """What a command has left behind may hold its output open: take what is there."""
        while ready := select.select(outputs := self.open_outputs(), [], [], 0)[0]:
            self.read(outputs[ready[0]])
        os._exit(self.code())

    def code(self) -> int:
        return self.status or (128 + self.interrupted if self.interrupted else 0)

    @classmethod
    def main(cls) -> "NoReturn":
        encoding = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
        cls([word.encode(*encoding) for word in sys.argv[1:]]).run()


class group_1_ctrl_c_twice(sound_group):
    """Leaves the commands in its own process group, and passes on what the terminal has sent to all of it as well.

    concurrently#155: one Ctrl-C is two SIGINT.
    """

    breaks = "GROUP-1"
    # it knows no group of a command
    also_breaks = ("GROUP-5",)

    def new_command(self, number: int, line: bytes) -> Command:
        return InOurGroup(number, b"exec " + line)


class InOurGroup(Command):
    """A command without a process group of its own."""

    def lead_group(self, pid: int) -> None:
        pass

    def signal(self, number: int) -> None:
        if self.pid and self.status is None:
            os.kill(self.pid, number)


class group_1_hang_up_ignored(sound_group):
    """Passes on SIGTERM and SIGINT only, and dies of SIGHUP."""

    breaks = "GROUP-1"

    def prepare(self) -> None:
        super().prepare()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


class group_1_always_term(sound_group):
    """Sends SIGTERM, whatever it was sent itself."""

    breaks = "GROUP-1"

    def pass_on(self, number: int) -> None:
        super().pass_on(signal.SIGTERM)


class group_1_all_but_the_last(sound_group):
    """Passes the signal on to all but the last, which it kills."""

    breaks = "GROUP-1"

    def pass_on(self, number: int) -> None:
        for one in self.commands[:-1]:
            one.signal(number)
        self.commands[-1].signal(signal.SIGKILL)


class group_2_others_run_on(sound_group):
    """Says that it ends all when one fails, and goes on."""

    breaks = "GROUP-2"
    # what ends with 0 by itself in these cases is waited for there, too
    may_break = ("GROUP-3",)

    def end_others(self) -> None:
        pass


class group_2_only_the_next(sound_group):
    """Ends only the next of the others."""

    breaks = "GROUP-2"
    may_break = ("GROUP-3",)

    def end_others(self) -> None:
        for one in self.running()[:1]:
            one.signal(signal.SIGTERM)


class group_3_status_of_the_last(sound_group):
    """Ends with the status of the command that ended last.

    hivemind#27: 0, although a process has failed.
    """

    breaks = "GROUP-3"

    def on_end(self, status: int) -> None:
        super().on_end(status)
        self.last = status

    def code(self) -> int:
        return self.last if self.last >= 0 else 128 - self.last


class group_3_killed_is_no_failure(sound_group):
    """Takes a command that died of a signal for one that has ended well."""

    breaks = "GROUP-3"

    def code(self) -> int:
        code = super().code()
        return 0 if code > 128 else code


class group_4_goes_on_with_the_next(sound_group):
    """Starts the next one when the one that was interrupted has ended.

    go-task#1174.
    """

    breaks = "GROUP-4"

    def may_start(self) -> bool:
        return not (self.one_at_a_time and self.running())


class group_4_starts_again(sound_group):
    """Starts a command again that has ended with 0, also after an interrupt; twice at the most."""

    breaks = "GROUP-4"
    may_break = ("*",)

    starts = 2

    def on_end(self, status: int) -> None:
        super().on_end(status)
        ended = next(one for one in self.commands if one.status is not None)
        if self.starts and self.interrupted:
            self.starts -= 1
            self.start(self.new_command(9, ended.line))


class group_4_forgets_at_the_start(sound_group):
    """Empties its pipe of signals when it has started the first command, as if no signal could have come by then."""

    breaks = "GROUP-4"
    campaign = "start, one at a time"

    def run(self) -> "NoReturn":
        self.prepare()
        self.start_more()
        try:
            os.read(self.wakeup, 256)
        except BlockingIOError:
            pass
        while self.running() or (self.is_ending() and self.open_outputs()):
            self.wait()
        self.finish()


class group_5_only_the_shell(sound_group):
    """Kills the process that it has started, not what that has started."""

    breaks = "GROUP-5"

    def kill_all(self) -> None:
        for one in self.running():
            os.kill(one.pid, signal.SIGKILL)
        for one in self.commands:
            one.output = 0


class group_5_waits_for_ever(sound_group):
    """Sends the same signal again instead of ending what is left."""

    breaks = "GROUP-5"

    def kill_all(self) -> None:
        self.pass_on(self.interrupted)


class group_6_as_it_comes(sound_group):
    """Passes on what it reads as it comes, whole lines or not."""

    breaks = "GROUP-6"

    def on_output(self, command: Command, data: bytes) -> None:
        self.print(command.label + data)


class group_6_small_buffer(sound_group):
    """Drops what a command has written beyond 8 KiB before it is read."""

    breaks = "GROUP-6"

    def on_output(self, command: Command, data: bytes) -> None:
        super().on_output(command, data[:8192])
