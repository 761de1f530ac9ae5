"""How the launcher waits for the janitor to make an environment, and what it does with signals meanwhile.

All signals are blocked. If a signal arrives that would end the launcher, it dismisses the janitor, which removes what
it has made, and then dies of that signal. So no incomplete environment is left. A signal stays pending and reaches the
command if the caller blocked or ignored it, or if its default action is to do nothing.
"""

import os
import select

from reference_launcher.directories import Failure
from reference_launcher.janitor import FAILURE, PROGRESS, REMOVAL_TIMEOUT, RESULT, Janitor
from reference_launcher.process import ALL_SIGNALS, die_of_signal, load_prctl
from reference_launcher.programs import CONTINUE, PAUSE
from reference_launcher.progress import ProgressLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal

STOP_SIGNALS = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
IGNORED_BY_DEFAULT = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG})
# Seconds. Users press Ctrl-C again after about a second. By then the janitor has killed all programs. If the disk takes
# longer to remove a large environment (ext4: 2 ms a directory), the janitor finishes that alone.
CTRL_C_TIMEOUT = 0.8


def signals_with_effect(mask: set[int]) -> set[int]:
    """Return the signals that end or stop a process by default and that the caller neither blocked nor ignored."""
    return {
        signo
        for signo in ALL_SIGNALS - mask - IGNORED_BY_DEFAULT - {signal.SIGKILL, signal.SIGSTOP}
        if signal.getsignal(signo) != signal.SIG_IGN
    }


def wait_for_result(janitor: Janitor, mask: set[int]) -> "dict[str, Any]":
    """Return the janitor's result; raise Failure if it has none; do not return if a signal ends the launcher."""
    signals = signals_with_effect(mask)
    signalfd = open_signalfd(signals)
    poll = select.poll()
    poll.register(signalfd, select.POLLIN)
    poll.register(janitor.reports, select.POLLIN)
    progress = ProgressLine()
    try:
        while True:
            report = janitor.next_report()
            # Signals first: if a Ctrl-C arrives together with the result, the result is not used.
            handle_signals(signals, janitor, progress)
            if not report:
                if not poll.poll(progress.period()):
                    progress.show()
            elif report[0] == PROGRESS:
                progress.text = report[1]
            elif report[0] == RESULT:
                result: dict[str, Any] = report[1]
                return result
            elif report[0] == FAILURE:
                janitor.dismiss()
                raise Failure(report[1], report[2])
            else:
                raise Failure("the process that makes the environment was killed; run this again to clean up after it")
    finally:
        progress.erase()
        os.close(signalfd)


def handle_signals(signals: set[int], janitor: Janitor, progress: ProgressLine) -> None:
    while info := signal.sigtimedwait(signals, 0):
        progress.erase()
        if info.si_signo in STOP_SIGNALS:
            janitor.order(PAUSE)
            stop_by_signal(info.si_signo)
            janitor.order(CONTINUE)
        else:
            # An explicit order, because end of file is ambiguous: once the janitor has sent its result, end of file
            # means that the launcher has replaced itself by the command.
            janitor.dismiss(CTRL_C_TIMEOUT if info.si_signo == signal.SIGINT else REMOVAL_TIMEOUT)
            die_of_signal(info.si_signo, load_prctl())


def stop_by_signal(signo: int) -> None:
    """Stop as Ctrl-Z does. Return when continued; in an orphaned process group, return at once."""
    inherited = signal.signal(signo, signal.SIG_DFL)
    os.kill(os.getpid(), signo)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signo})
    signal.signal(signo, inherited)


def open_signalfd(signals: set[int]) -> int:
    """Return a signalfd(2), to wait for signals and reports together.

    It is polled, not read: sigtimedwait(2) accepts the signals.
    """
    import ctypes

    words = (ctypes.c_ulong * 16)()  # sigset_t of glibc and musl: 1024 bits
    width = 8 * ctypes.sizeof(ctypes.c_ulong)
    for signo in signals:
        words[(signo - 1) // width] |= 1 << (signo - 1) % width
    descriptor: int = ctypes.CDLL(None, use_errno=True).signalfd(-1, words, os.O_CLOEXEC)
    if descriptor < 0:
        raise Failure(f"this system has no signalfd(2): {os.strerror(ctypes.get_errno())}")
    return descriptor
