"""Waiting, in the launcher, for the janitor to have made an environment, with an eye on the signals.

All signals are blocked. One that would end the launcher ends it here: the janitor is told to stop, removes what
it has made, and only then the launcher dies of that very signal. Nobody has to ask what a half made environment
is good for. A signal that the caller had blocked or ignored, and one that by default does nothing, is left
pending and reaches the command as it would have without us.
"""

import os
import select

from reference_launcher.janitor import DOING, FAILED, READY, Janitor
from reference_launcher.places import Failure
from reference_launcher.process import ALL_SIGNALS, die_of_signal, load_prctl
from reference_launcher.programs import GO_ON, PAUSE
from reference_launcher.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal

STOPPING = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
HARMLESS = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG})
REMOVED_WITHIN = 10.0  # seconds
# Who presses Ctrl-C presses again after a second. By then all programs have been ended; if the disk takes longer to
# remove a large environment (ext4: 2 ms a directory), the janitor finishes that by itself.
AT_THE_KEYBOARD = 0.8


def acted_on(mask: set[int]) -> set[int]:
    """The signals that end or stop a program by default, and that the caller has left at the default."""
    return {
        signo
        for signo in ALL_SIGNALS - mask - HARMLESS - {signal.SIGKILL, signal.SIGSTOP}
        if signal.getsignal(signo) != signal.SIG_IGN
    }


def await_answer(janitor: Janitor, mask: set[int]) -> "dict[str, Any]":
    """Return the janitor's answer; raise Failure if it has none; do not return if a signal ends us."""
    signals = acted_on(mask)
    watched = signal_descriptor(signals)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(janitor.news, select.POLLIN)
    progress = Progress()
    try:
        while True:
            message = janitor.hear()
            # Signals first: an answer that comes together with a Ctrl-C is not wanted any more.
            take_signals(signals, janitor, progress)
            if not message:
                if not poll.poll(progress.period()):
                    progress.show()
            elif message[0] == DOING:
                progress.doing = message[1]
            elif message[0] == READY:
                answer: dict[str, Any] = message[1]
                return answer
            elif message[0] == FAILED:
                janitor.end(REMOVED_WITHIN)
                raise Failure(message[1], message[2])
            else:
                raise Failure("the process that makes the environment was killed; run it again to clean up after it")
    finally:
        progress.erase()
        os.close(watched)


def take_signals(signals: set[int], janitor: Janitor, progress: Progress) -> None:
    while info := signal.sigtimedwait(signals, 0):
        progress.erase()
        if info.si_signo in STOPPING:
            janitor.order(PAUSE)
            stop_of(info.si_signo)
            janitor.order(GO_ON)
        else:
            # Said, not only shown by the end of the orders: it may have its answer ready, and that end then means
            # that we have become the command.
            janitor.end(AT_THE_KEYBOARD if info.si_signo == signal.SIGINT else REMOVED_WITHIN)
            die_of_signal(info.si_signo, load_prctl())


def stop_of(signo: int) -> None:
    """Stop, as Ctrl-Z wants; comes back when continued (in an orphaned process group at once)."""
    inherited = signal.signal(signo, signal.SIG_DFL)
    os.kill(os.getpid(), signo)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signo})
    signal.signal(signo, inherited)


def signal_descriptor(signals: set[int]) -> int:
    """signalfd(2), to wait for signals and for the news at once. Only waited on: sigtimedwait(2) takes them."""
    import ctypes

    words = (ctypes.c_ulong * 16)()  # sigset_t of glibc and musl: 1024 bits
    width = 8 * ctypes.sizeof(ctypes.c_ulong)
    for signo in signals:
        words[(signo - 1) // width] |= 1 << (signo - 1) % width
    descriptor: int = ctypes.CDLL(None, use_errno=True).signalfd(-1, words, os.O_CLOEXEC)
    if descriptor < 0:
        raise Failure(f"this system has no signalfd(2): {os.strerror(ctypes.get_errno())}")
    return descriptor
