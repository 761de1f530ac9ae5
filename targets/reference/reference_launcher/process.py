"""System calls on the process itself that the standard library lacks, and the end by a signal."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    import _signal as signal  # the same without enum, which costs 4 ms

ALL_SIGNALS = signal.valid_signals()

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37


def load_prctl() -> "Callable[..., int]":
    """Return prctl(2) of the C library."""
    import ctypes  # 2 ms; the standard library has no other way to prctl(2)

    function: Callable[..., int] = ctypes.CDLL(None).prctl
    return function


def is_subreaper(prctl: "Callable[..., int]") -> bool:
    """Return whether this process is a child subreaper."""
    import ctypes

    value = ctypes.c_int()
    prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(value))
    return bool(value.value)


def die_of_signal(signo: int, prctl: "Callable[..., int]") -> None:
    """End this process with signal `signo` as its wait status, or with 128+N where that is impossible."""
    prctl(PR_SET_DUMPABLE, 0)  # the core dump of interest is the command's; do not overwrite it: core(5)
    try:
        signal.signal(signo, signal.SIG_DFL)
    except (OSError, ValueError):  # SIGKILL has no disposition; glibc reserves 32 and 33
        pass
    os.kill(os.getpid(), signo)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})
    # Reached by PID 1 only: a signal from inside its PID namespace does not end it, pid_namespaces(7).
    os._exit(128 + signo)


def signal_name(signo: int) -> bytes:
    """Return the name of a signal, such as b"SIGTERM" or b"SIGRTMIN+2"."""
    # `SIG_BLOCK` and the like are not signals. Where a number has two names, the first in the alphabet is the
    # usual one: ABRT, not IOT.
    names = sorted(name for name in dir(signal) if name.startswith("SIG") and name[3] != "_")
    for name in names:
        if getattr(signal, name) == signo:
            return name.encode()
    return b"SIGRTMIN+%d" % (signo - signal.SIGRTMIN) if signo > signal.SIGRTMIN else b"signal %d" % signo
