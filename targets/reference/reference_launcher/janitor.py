"""The janitor: a process that makes an environment, keeps it while the command runs, and then removes it.

The launcher itself creates no files, so it leaves none behind when it ends, even by SIGKILL. It starts the janitor
first and waits for its result. Two pipes connect them:

    orders, to the janitor     End of file means that the launcher has ended or has replaced itself by the command.
                               While the environment is being made, it is the order to stop and remove everything. So
                               all interruptions take the same path.
    reports, to the launcher   what the janitor is doing, then the result or the reason why there is none

This makes exec mode and cleaning up compatible: the launcher's PID becomes the command's, and the janitor removes the
environment when a pidfd that it opened before reports the end of that process.

The command cannot notice the janitor. It is forked twice, so it is not a child of the command. It has its own session,
so it gets no signal for a process group and no hang-up. It closes all inherited descriptors, so it keeps no pipe open.
It blocks all signals, so the SIGTERM that a service manager sends to all processes of a service does not end it. Only
SIGKILL does.
"""

import fcntl
import marshal
import os
import select
import time

from reference_launcher.directories import Failure, system_failure
from reference_launcher.lease import Lease, make_leased_directory
from reference_launcher.process import PR_SET_CHILD_SUBREAPER, is_subreaper, load_prctl
from reference_launcher.programs import DISMISS, Interrupted, ProgramRunner
from reference_launcher.removing import remove
from reference_launcher.watching import ProcessWatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import Any
else:
    import _signal as signal

PROGRESS, RESULT, FAILURE = "progress", "result", "failure"
REMOVAL_TIMEOUT = 10.0  # seconds that the launcher waits for the environment to be removed, on a slow disk
CLEANUP_TIMEOUT = 5.0  # seconds for leftovers of other launchers; the next run removes the rest


class JobContext:
    """What a job in the janitor works with. The job is a function that takes this and returns a result.

    The directories in `made` are removed at the end in any case, those in `used` stay. `cleanup`, if the job sets it,
    runs while the command runs and again afterwards; its argument says whether it has to stop.
    """

    def __init__(self, reports: int, programs: ProgramRunner) -> None:
        self.reports = reports
        self.programs = programs
        self.made: list[Lease] = []
        self.used: list[Lease] = []
        self.cleanup: Callable[[Callable[[], bool]], None] | None = None

    def report(self, kind: str, *details: "str | int | dict[str, Any]") -> None:
        message = marshal.dumps([kind, *details])
        try:
            os.write(self.reports, len(message).to_bytes(4, "little") + message)
        except OSError:  # the launcher has ended; `check_orders` finds that out
            pass

    def progress(self, text: str) -> None:
        """Tell the user what is being done."""
        self.programs.check_orders()
        self.report(PROGRESS, text)

    def check_interrupted(self) -> bool:
        """Raise Interrupted if the launcher has ended; otherwise return False, for loops that ask whether to stop."""
        self.programs.check_orders()
        return False

    def make_directory(self, parent: str) -> Lease:
        """Make a leased directory in `parent` that is removed at the end."""
        self.programs.check_orders()
        lease = make_leased_directory(parent)
        self.made.append(lease)
        return lease

    def keep(self, lease: Lease, path: str) -> Lease:
        """Do not remove this directory at the end: it has been renamed to `path`, where it stays."""
        self.made.remove(lease)
        remove_empty_parent(lease)
        lease.path = path
        self.used.append(lease)
        return lease

    def remove(self, lease: Lease) -> None:
        """Remove a directory in `made`. Its lease lasts until it is gone, so no other process touches it."""
        remove(lease.path)
        self.made.remove(lease)
        lease.release()
        remove_empty_parent(lease)

    def remove_all(self) -> None:
        """Remove all directories in `made`."""
        for lease in list(self.made):
            try:
                self.remove(lease)
            except OSError:  # the lease ends with this process, and the next run tries to remove the leftover
                pass


def remove_empty_parent(lease: Lease) -> None:
    """Remove the directory that contained the leased one, if it is empty. It is made again when it is needed."""
    try:
        os.rmdir(os.path.dirname(lease.path))
    except OSError:
        pass


class Janitor:
    """The launcher's end of the two pipes.

    `launcher` is a pidfd of the launcher, of which the janitor has a copy.
    """

    def __init__(self, orders: int, reports: int, launcher: int) -> None:
        self.orders = orders
        self.reports = reports
        self.launcher = launcher
        self.received = b""

    def next_report(self) -> "tuple[Any, ...] | None":
        """Return the next report, None if there is none yet, ("gone",) if the janitor has ended."""
        if not self.has_whole_report():
            try:
                data = os.read(self.reports, 1 << 16)
            except BlockingIOError:
                return None
            if not data:
                return ("gone",)
            self.received += data
            if not self.has_whole_report():
                return None
        size = int.from_bytes(self.received[:4], "little")
        report = tuple(marshal.loads(self.received[4 : 4 + size]))
        self.received = self.received[4 + size :]
        return report

    def has_whole_report(self) -> bool:
        return len(self.received) >= 4 and len(self.received) - 4 >= int.from_bytes(self.received[:4], "little")

    def order(self, order: bytes) -> None:
        try:
            os.write(self.orders, order)
        except OSError:  # the janitor has ended
            pass

    def watch(self, pid: int) -> None:
        """Supervise mode: keep the environment until process `pid` has ended, even if the launcher ends before it."""
        self.order(b"%d\n" % pid)

    def dismiss(self, timeout: float = REMOVAL_TIMEOUT) -> None:
        """Order the janitor to remove the environment, and wait up to `timeout` seconds for its end."""
        self.order(DISMISS)
        os.close(self.orders)
        poll = select.poll()
        poll.register(self.reports, select.POLLIN)
        while poll.poll(timeout * 1000):
            try:
                if not os.read(self.reports, 1 << 16):
                    return
            except BlockingIOError:
                return


def start(job: "Callable[[JobContext], dict[str, Any]]", mask: set[int]) -> Janitor:
    """Start a janitor that runs `job`. `mask` is the signal mask for the programs that it starts."""
    try:
        launcher = move_above_standard(os.pidfd_open(os.getpid()))
    except (OSError, AttributeError) as error:
        raise Failure(
            f"this system has no pidfd_open(2), which is needed to clean up after the command: {error}"
        ) from None
    prctl = load_prctl()
    orders, orders_writer = pipe_above_standard()
    reports, reports_writer = pipe_above_standard()
    os.set_blocking(orders, False)
    os.set_blocking(reports, False)
    # The launcher may be a subreaper: exec(2) preserves that. The janitor would then become a child of the launcher,
    # and so of the command.
    was_subreaper = is_subreaper(prctl)
    if was_subreaper:
        prctl(PR_SET_CHILD_SUBREAPER, 0)
    programs = ProgramRunner(orders, mask, signal.getsignal(signal.SIGCHLD), prctl)
    was_pending = signal.SIGCHLD in signal.sigpending()
    try:
        intermediate = os.fork()
    except OSError as error:
        raise system_failure(error, "start a process") from error
    if intermediate == 0:
        os.setsid()
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            os._exit(1)
        os.close(orders_writer)
        os.close(reports)
        run_janitor(job, programs, reports_writer, launcher)
    try:
        os.waitpid(intermediate, 0)
    except ChildProcessError:  # SIGCHLD is ignored: the kernel has reaped it
        pass
    if not was_pending:
        signal.sigtimedwait({signal.SIGCHLD}, 0)  # of the intermediate process, which the command must not notice
    if was_subreaper:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.close(orders)
    os.close(reports_writer)
    return Janitor(orders_writer, reports, launcher)


def run_janitor(
    job: "Callable[[JobContext], dict[str, Any]]", programs: ProgramRunner, reports: int, launcher: int
) -> None:
    """The janitor from start to exit. Does not return."""
    context = JobContext(reports, programs)
    try:
        close_inherited_descriptors({programs.orders, reports, launcher})
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        programs.prctl(PR_SET_CHILD_SUBREAPER, 1)
        result = job(context)
        programs.check_orders()
        os.chdir("/")
        context.report(RESULT, result)
        wait_for_command(context, programs, launcher)
        context.remove_all()
        if context.cleanup:
            deadline = time.monotonic() + CLEANUP_TIMEOUT
            context.cleanup(lambda: time.monotonic() > deadline)
    except Interrupted:
        pass
    except Failure as failure:
        context.remove_all()
        context.report(FAILURE, failure.message, failure.status)
    except OSError as error:
        context.remove_all()
        context.report(FAILURE, system_failure(error, "make the environment").message, 125)
    except BaseException as error:  # noqa: BLE001 - a bug of the launcher; remove what was made all the same
        context.remove_all()
        context.report(FAILURE, f"internal error: {error!r}", 125)
    finally:
        context.remove_all()
        os._exit(0)


def wait_for_command(context: JobContext, programs: ProgramRunner, launcher: int) -> None:
    """Wait until the command has ended: the launcher's process in exec mode, the reported PID in supervise mode."""
    watch = ProcessWatch(programs, launcher)
    if context.cleanup:
        context.cleanup(lambda: watch.is_over(0))
    while not watch.is_over(None):
        pass


def close_inherited_descriptors(needed: set[int]) -> None:
    """Close all descriptors but those in `needed`; standard input, output and error become /dev/null."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in (0, 1, 2):
        os.dup2(null, number, inheritable=True)
    for number in [int(entry) for entry in os.listdir("/dev/fd")]:
        if number > 2 and number not in needed:
            try:
                os.close(number)
            except OSError:  # the descriptor that listdir used
                pass


def pipe_above_standard() -> tuple[int, int]:
    reader, writer = os.pipe()
    return move_above_standard(reader), move_above_standard(writer)


def move_above_standard(descriptor: int) -> int:
    """Move a descriptor above 2.

    If the caller has closed 0, 1 or 2, a new descriptor gets that number, and would be taken for standard error.
    """
    if descriptor > 2:
        return descriptor
    copy: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return copy
