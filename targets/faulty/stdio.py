"""Planted faults in what launcher and command share with their caller: stdout, and the flags of descriptors."""

import fcntl
import select

from .sound import TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn

O_NONBLOCK = 0o4000


def set_flag(descriptor: int, flag: int, on: bool) -> None:
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | flag if on else flags & ~flag)


class stdio_3_banner(Launcher):
    """Prints its name and version before it starts the command.

    dotenvx 1.6.4: a program that reads JSON reads the banner first.
    """

    breaks = "STDIO-3"

    def prepare(self) -> None:
        super().prepare()
        if not os.isatty(1):
            os.write(1, b"[faulty@1.0] injecting env (0)\n")


class stdio_3_tells_failure(Launcher):
    """Says on stdout that the command has failed.

    pnpm prints ELIFECYCLE there.
    """

    breaks = "STDIO-3"

    def code(self, code: int) -> int:
        if code and not os.isatty(1):
            os.write(1, b"command failed with exit code %d\n" % code)
        return super().code(code)


class stdio_6_nonblocking_for_a_moment(Launcher):
    """Sets O_NONBLOCK on stdout while it starts the command, and takes it back before that runs.

    npm, and whatever uses Node's process.stdout on a pipe.
    """

    breaks = "STDIO-6"

    def start(self) -> None:
        set_flag(1, O_NONBLOCK, on=True)
        super().start()

    def after_fork(self) -> None:
        set_flag(1, O_NONBLOCK, on=False)


class stdio_6_left_nonblocking(Launcher):
    """Leaves stdin nonblocking when it ends: the next `read` of the shell fails with EAGAIN."""

    breaks = "STDIO-6"
    # on a terminal it is the state in which that is left
    may_break = ("TTY-7",)

    def finish(self, status: int) -> "NoReturn":
        set_flag(0, O_NONBLOCK, on=True)
        super().finish(status)


class stdio_6_append_on_a_terminal(Launcher):
    """Sets O_APPEND on stderr on a terminal, for a log, and takes it back."""

    breaks = "STDIO-6"
    also_breaks = ("INHERIT-2",)
    may_break = ("TTY-7",)

    def prepare(self) -> None:
        super().prepare()
        if os.isatty(2):
            set_flag(2, os.O_APPEND, on=True)

    def finish(self, status: int) -> "NoReturn":
        if os.isatty(2):
            set_flag(2, os.O_APPEND, on=False)
        super().finish(status)


class Poller(Launcher):
    """Waits for signals, and for what happens to one descriptor. At its end poll(2) returns at once, each time."""

    descriptor = 0
    on_terminals = False

    def prepare(self) -> None:
        super().prepare()
        self.poll = select.poll()
        if os.isatty(self.descriptor) == self.on_terminals:
            self.poll.register(self.descriptor, select.POLLPRI)

    def next_signal(self) -> "signal.struct_siginfo":
        while not (info := signal.sigtimedwait(self.taken, 0)):
            self.poll.poll(50)
        return info


class stdio_9_spins_after_end_of_file(Poller):
    """Polls stdin although it has ended."""

    breaks = "STDIO-9"


class stdio_9_spins_without_a_reader(Poller):
    """Polls stdout although nobody reads it any more."""

    breaks = "STDIO-9"

    descriptor = 1


class stdio_9_spins_after_a_hang_up(Poller):
    """Polls its terminal although that has gone.

    gemini-cli#15873: the terminal's window was closed.
    """

    breaks = "STDIO-9"

    on_terminals = True
