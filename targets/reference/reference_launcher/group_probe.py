"""Tells a signal for the launcher's whole process group from one for the launcher alone.

Both look the same to who receives them: SI_USER and the sender's PID; sigaction(2). But a second process in the group
gets only the first kind. The probe is such a process. It does nothing, has all signals blocked, and says when asked
whether it has one pending, and from whom.

The answer does not depend on who is faster. The kernel sends a signal to a group while it holds its list of processes
for reading (kill_pgrp() and kill_something_info() in kernel/signal.c: tasklist_lock), and setpgid(2) takes that lock
for writing (kernel/sys.c). So after a call of setpgid(2), which changes nothing here, whoever has the signal at all has
it pending.
"""

import os

from reference_launcher.process import PR_SET_NAME, PR_SET_PDEATHSIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    import _signal as signal

NAME = b"group-probe"
Sender = tuple[int, int]
"""si_pid and si_code."""


class GroupProbe:
    """A process of the launcher's group. Where it cannot be started, or was killed, no signal counts as the group's."""

    def __init__(self, prctl: "Callable[..., int]") -> None:
        """Start the probe. It ends with the launcher, by whatever that ends."""
        self.pid = self._questions = self._answers = -1
        pipes: list[int] = []
        launcher = os.getpid()
        try:
            pipes += os.pipe()
            pipes += os.pipe()
            self.pid = os.fork()
        except OSError:  # more processes or descriptors than the caller may have: then it is done without
            for descriptor in pipes:
                os.close(descriptor)
            return
        questions, self._questions, self._answers, answers = pipes
        if self.pid == 0:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            prctl(PR_SET_NAME, NAME)
            _hide_arguments()
            if os.getppid() == launcher:
                _answer(questions, answers)
            os._exit(0)
        os.close(questions)
        os.close(answers)

    def take(self, signo: int) -> Sender | None:
        """Return the sender of a signal that the group was sent, None where there was none. It is not told twice."""
        try:
            os.setpgid(0, os.getpgrp())  # fails for a session leader, after it had the lock
        except OSError:
            pass
        try:
            os.write(self._questions, b"%d\n" % signo)
            words = os.read(self._answers, 64).split()
        except OSError:
            return None
        return (int(words[0]), int(words[1])) if len(words) == 2 else None

    def end(self) -> None:
        """End the probe, and reap it, before the launcher ends. It may have been killed and reaped before that."""
        if self.pid > 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def _hide_arguments() -> None:
    """Empty this process' command line in /proc. `pkill -f` would find the probe by that of the launcher, and a signal
    that both are sent, but not the command, would count as the group's."""
    import ctypes

    try:
        with open("/proc/self/stat", "rb", buffering=0) as file:
            fields = file.read(4096).rpartition(b") ")[2].split()
        start, end = int(fields[45]), int(fields[46])  # arg_start and arg_end: proc_pid_stat(5), 48 and 49
    except (OSError, IndexError, ValueError):
        return
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)


def _answer(questions: int, answers: int) -> None:
    """Answer until the launcher has gone. No descriptor of the caller is kept open, so that its pipes end in time."""
    kept = sorted((questions, answers))
    os.closerange(0, kept[0])
    os.closerange(kept[0] + 1, kept[1])
    os.closerange(kept[1] + 1, os.sysconf("SC_OPEN_MAX"))
    while question := os.read(questions, 64):
        info = signal.sigtimedwait({int(question)}, 0)
        os.write(answers, b"%d %d\n" % (info.si_pid, info.si_code) if info else b"-\n")
