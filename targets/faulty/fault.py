"""Planted faults in what a launcher does when one of its system calls fails."""

import ctypes

from .sound import EVERY, TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn

FAILED = 125
REFUSED = b"faulty: cannot start a process: Resource temporarily unavailable\n"


def own_path() -> bytes:
    """Return the path of a file of this process."""
    from os import environb  # as most faults do without

    return environb.get(b"TMPDIR", b"/tmp") + b"/faulty-%d" % os.getpid()


class fault_1_success(Launcher):
    """Ends with 0 where no process can be started, because that status is never set."""

    breaks = "FAULT-1"
    campaign = "failing calls"

    def fork(self) -> int:
        try:
            return super().fork()
        except OSError:
            os.write(2, REFUSED)
            os._exit(0)


class fault_1_waits_for_nobody(Launcher):
    """Does not look at what fork returns, and waits for the end of a command that it has not started."""

    breaks = "FAULT-1"
    campaign = "failing calls"

    def start(self) -> None:
        try:
            super().start()
        except OSError:
            os.write(2, REFUSED)


class fault_2_command_left(Launcher):
    """Starts the command before it has all that it needs, and ends when it cannot get the rest.

    Where there is no descriptor left for the pidfd, the command runs on without a launcher.
    """

    breaks = "FAULT-2"
    campaign = "failing calls, left"

    def start(self) -> None:
        self.child = self.fork()
        if self.child == 0:
            self.become_command()
            os._exit(126)
        try:
            self.child_handle = os.pidfd_open(self.child)
        except OSError as error:
            os.write(2, f"faulty: cannot watch the command: {error.strerror}\n".encode())
            os._exit(FAILED)
        self.hand_on_pending()


class fault_2_file_left(Launcher):
    """Makes a file for its state, and leaves it where no process can be started."""

    breaks = "FAULT-2"
    campaign = "failing calls, left"

    def prepare(self) -> None:
        super().prepare()
        self.file = own_path()
        os.close(os.open(self.file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))

    def fork(self) -> int:
        try:
            return super().fork()
        except OSError:
            os.write(2, REFUSED)
            os._exit(FAILED)

    def finish(self, status: int) -> "NoReturn":
        os.unlink(self.file)
        super().finish(status)


class fault_3_says_nothing(Launcher):
    """Ends without a word where no process can be started."""

    breaks = "FAULT-3"
    campaign = "failing calls, named"

    def fork(self) -> int:
        try:
            return super().fork()
        except OSError:
            os._exit(FAILED)


class fault_3_status_of_a_command(Launcher):
    """Ends with 1 where no process can be started, as many a command does."""

    breaks = "FAULT-3"
    campaign = "failing calls, named"

    def fork(self) -> int:
        try:
            return super().fork()
        except OSError:
            os.write(2, REFUSED)
            os._exit(1)


class fault_4_mask_not_read(Launcher):
    """Reads from /proc which signals were blocked, and leaves all blocked in the command where that cannot be read."""

    breaks = "FAULT-4"
    campaign = "failing calls, state"

    def restore_mask(self) -> None:
        try:
            os.close(os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return
        super().restore_mask()


class fault_4_forwards_nothing(Launcher):
    """Forwards signals only if it got a pipe to wake itself up, and says nothing where it did not."""

    breaks = "FAULT-4"
    campaign = "failing calls, state"

    def prepare(self) -> None:
        super().prepare()
        self.can_forward = True
        try:
            self.wake = os.pipe()
        except OSError:
            self.can_forward = False

    def forward(self, number: int) -> None:
        if self.can_forward:
            super().forward(number)


class fault_6_wait_ends(Launcher):
    """Takes a wait that a signal has interrupted for the end of the command."""

    breaks = "FAULT-6"
    campaign = "interrupted calls"

    def prepare(self) -> None:
        super().prepare()
        self.library = ctypes.CDLL(None, use_errno=True)
        signal.signal(signal.SIGSTKFLT, lambda *_: None)  # CPython sets handlers without SA_RESTART
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGSTKFLT})

    def next_signal(self) -> "signal.struct_siginfo":
        mask = (ctypes.c_ulong * 16)()
        for number in EVERY - {signal.SIGSTKFLT}:
            mask[0] |= 1 << (number - 1)
        number = self.library.sigwaitinfo(mask, None)
        if number < 0:  # Python itself would wait again (PEP 475)
            self.finish(1 << 8)
        os.kill(os.getpid(), number)
        return signal.sigwaitinfo({number})


class fault_6_short_write(Launcher):
    """Writes the command line into a file for its child, once, and takes it that all was written."""

    breaks = "FAULT-6"
    campaign = "interrupted calls"

    def prepare(self) -> None:
        super().prepare()
        path = own_path()
        self.file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        os.unlink(path)
        os.write(self.file, b"\0".join(self.command))

    def arguments(self) -> list[bytes]:
        return os.pread(self.file, 1 << 20, 0).split(b"\0")
