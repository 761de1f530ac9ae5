"""The janitor: a process that makes an environment, keeps it as long as the command runs, and removes it.

The launcher itself makes nothing, so nothing is left when it ends, of whatever and whenever: SIGKILL as well.
It starts the janitor first, asks, and waits. Two pipes connect them:

    orders, to the janitor     its end means: the launcher is gone, or wants no more. While the environment is
                               being made that is the order to stop and remove. One path for every interruption.
    news, to the launcher      what is being done, then the answer or why there is none

Exec mode and its cleaning up do not exclude each other because of this process: the launcher's PID becomes the
command's, and the janitor, told of its end by a pidfd that was opened beforehand, removes the environment.

It is invisible to the command: forked twice, so it is no child; a session of its own, so no signal for a group
and no hang-up reaches it; every descriptor of the caller's closed, so no pipe is held open. All signals are
blocked, so the SIGTERM that a service manager sends to all of a service does not end it: only SIGKILL does.
"""

import fcntl
import marshal
import os
import select
import time

from reference_launcher.lease import Lease, make
from reference_launcher.places import Failure, explained
from reference_launcher.process import PR_SET_CHILD_SUBREAPER, is_subreaper, load_prctl
from reference_launcher.programs import DISMISSED, Interrupted, Programs
from reference_launcher.removing import remove
from reference_launcher.watching import Watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import Any
else:
    import _signal as signal

DOING, READY, FAILED = "doing", "ready", "failed"
COLLECTING = 5.0  # seconds for what others have left, after our own is removed; the next one takes the rest


class Work:
    """What the janitor has to do its work with: `task` gets it, makes something, and returns the answer."""

    def __init__(self, news: int, programs: Programs) -> None:
        self.news = news
        self.programs = programs
        self.made: list[Lease] = []  # removed at the end, whatever happens
        self.used: list[Lease] = []
        self.afterwards: Callable[[Callable[[], bool]], None] | None = None

    def tell(self, what: str, *details: "str | int | dict[str, Any]") -> None:
        message = marshal.dumps([what, *details])
        try:
            os.write(self.news, len(message).to_bytes(4, "little") + message)
        except OSError:  # nobody listens any more; that shows in the orders as well
            pass

    def doing(self, what: str) -> None:
        self.programs.check()
        self.tell(DOING, what)

    def is_over(self) -> bool:
        """Raise if it is, for loops that ask whether to stop."""
        self.programs.check()
        return False

    def make(self, parent: str) -> Lease:
        self.programs.check()
        lease = make(parent)
        self.made.append(lease)
        return lease

    def keep(self, lease: Lease, path: str) -> Lease:
        """What we made has got its final name `path` and stays."""
        self.made.remove(lease)
        close_door(lease)
        lease.path = path
        self.used.append(lease)
        return lease

    def remove(self, lease: Lease) -> None:
        """Remove something we made, under our own lease: for everybody else it is in use until it is gone."""
        remove(lease.path)
        self.made.remove(lease)
        lease.end()
        close_door(lease)


def close_door(lease: Lease) -> None:
    """Remove the directory it was made in, when it was the last one there; whoever needs that makes it again."""
    try:
        os.rmdir(os.path.dirname(lease.path))
    except OSError:
        pass


class Janitor:
    """The janitor as the launcher sees it."""

    def __init__(self, orders: int, news: int, launcher: int) -> None:
        self.orders = orders
        self.news = news
        self.launcher = launcher  # pidfd of ourselves: the janitor has a copy
        self.heard = b""

    def hear(self) -> "tuple[Any, ...] | None":
        """Return the next message, None when there is none yet, ("gone",) when there is nobody to send one."""
        if not self.is_complete():
            try:
                more = os.read(self.news, 1 << 16)
            except BlockingIOError:
                return None
            if not more:
                return ("gone",)
            self.heard += more
            if not self.is_complete():
                return None
        size = int.from_bytes(self.heard[:4], "little")
        message = tuple(marshal.loads(self.heard[4 : 4 + size]))
        self.heard = self.heard[4 + size :]
        return message

    def is_complete(self) -> bool:
        return len(self.heard) >= 4 and len(self.heard) - 4 >= int.from_bytes(self.heard[:4], "little")

    def order(self, what: bytes) -> None:
        try:
            os.write(self.orders, what)
        except OSError:  # it is gone
            pass

    def watch(self, pid: int) -> None:
        """Supervise mode: keep the environment until `pid` has ended, also when we have not lived to see it."""
        self.order(b"%d\n" % pid)

    def end(self, seconds: float) -> None:
        """Have it remove the environment and end; wait until nobody holds the other end of the news."""
        self.order(DISMISSED)
        os.close(self.orders)
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self.news, select.POLLIN)
        while poll.poll(seconds * 1000):
            try:
                if not os.read(self.news, 1 << 16):
                    return
            except BlockingIOError:
                return


def start(task: "Callable[[Work], dict[str, Any]]", mask: set[int]) -> Janitor:
    """Start a janitor that does `task`."""
    try:
        launcher = above_standard(os.pidfd_open(os.getpid()))
    except (OSError, AttributeError) as error:
        raise Failure(
            f"this system has no pidfd_open(2), so nobody could clean up after the command: {error}"
        ) from None
    prctl = load_prctl()
    orders, to_janitor = pipe()
    news, to_launcher = pipe()
    os.set_blocking(orders, False)
    os.set_blocking(news, False)
    # The caller may have made this process a subreaper before exec(2), which keeps that. Then the janitor would
    # become our child, and the command's.
    was_subreaper = is_subreaper(prctl)
    if was_subreaper:
        prctl(PR_SET_CHILD_SUBREAPER, 0)
    programs = Programs(orders, mask, signal.getsignal(signal.SIGCHLD), prctl)
    was_pending = signal.SIGCHLD in signal.sigpending()
    try:
        middle = os.fork()
    except OSError as error:
        raise explained(error, "start a process") from error
    if middle == 0:
        os.setsid()
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            os._exit(1)
        os.close(to_janitor)
        os.close(news)
        live(task, programs, to_launcher, launcher)
    try:
        os.waitpid(middle, 0)
    except ChildProcessError:  # SIGCHLD is ignored: the kernel has reaped it
        pass
    if not was_pending:
        signal.sigtimedwait({signal.SIGCHLD}, 0)  # of a child that the command never had
    if was_subreaper:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.close(orders)
    os.close(to_launcher)
    return Janitor(to_janitor, news, launcher)


def live(task: "Callable[[Work], dict[str, Any]]", programs: Programs, news: int, launcher: int) -> None:
    """The life of the janitor; does not return."""
    work = Work(news, programs)
    try:
        hide({programs.orders, news, launcher})
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        programs.prctl(PR_SET_CHILD_SUBREAPER, 1)
        answer = task(work)
        programs.check()
        os.chdir("/")
        work.tell(READY, answer)
        keep(work, programs, launcher)
        clean_up(work)
        if work.afterwards:
            deadline = time.monotonic() + COLLECTING
            work.afterwards(lambda: time.monotonic() > deadline)
    except Interrupted:
        pass
    except Failure as failure:
        clean_up(work)
        work.tell(FAILED, failure.message, failure.status)
    except OSError as error:
        clean_up(work)
        work.tell(FAILED, explained(error, "make the environment").message, 125)
    except BaseException as error:  # noqa: BLE001 - a fault of ours; what was made is removed all the same
        clean_up(work)
        work.tell(FAILED, f"a fault in the launcher: {error!r}", 125)
    finally:
        clean_up(work)
        os._exit(0)


def clean_up(work: Work) -> None:
    for lease in list(work.made):
        try:
            work.remove(lease)
        except OSError:  # what remains has no lease as soon as we end: the next one tries again
            pass


def hide(needed: set[int]) -> None:
    """Let go of all that is the caller's: standard input, output and error, any pipe, the terminal."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in (0, 1, 2):
        os.dup2(nothing, number, inheritable=True)
    for number in [int(entry) for entry in os.listdir("/dev/fd")]:
        if number > 2 and number not in needed:
            try:
                os.close(number)
            except OSError:  # the one that listed them
                pass


def pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    return above_standard(reader), above_standard(writer)


def above_standard(descriptor: int) -> int:
    """The caller may have closed 0, 1 or 2; what gets such a number would be taken for the standard error."""
    if descriptor > 2:
        return descriptor
    moved: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return moved


def keep(work: Work, programs: Programs, launcher: int) -> None:
    """Wait until the command has ended: the launcher's process in exec mode, the one we are told in supervise mode."""
    watched = Watched(programs, launcher)
    if work.afterwards:
        work.afterwards(lambda: watched.is_over(0))
    while not watched.is_over(None):
        pass
