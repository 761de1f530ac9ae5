"""prctl(2), which the standard library lacks; terminating by a signal; the names of signals."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    import _signal as signal  # without enum, which takes 4 ms

ALL_SIGNALS = signal.valid_signals()

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37


def load_prctl() -> "Callable[..., int]":
    """Return prctl(2) of the C library."""
    import ctypes  # 2 ms; the standard library has no other way to call prctl(2)

    function: Callable[..., int] = ctypes.CDLL(None).prctl
    return function


def is_subreaper(prctl: "Callable[..., int]") -> bool:
    """Return whether this process is a child subreaper."""
    import ctypes

    value = ctypes.c_int()
    prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(value))
    return bool(value.value)


def die_of_signal(signo: int, prctl: "Callable[..., int]") -> None:
    """Terminate this process by signal `signo`; as PID 1, which that cannot terminate, exit with 128+N."""
    prctl(PR_SET_DUMPABLE, 0)  # do not overwrite the core dump of the command: core(5)
    try:
        signal.signal(signo, signal.SIG_DFL)
    except (OSError, ValueError):  # SIGKILL has no disposition; glibc reserves 32 and 33
        pass
    os.kill(os.getpid(), signo)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})
    # Only PID 1 gets here: a signal from inside its PID namespace does not terminate it, pid_namespaces(7).
    os._exit(128 + signo)


def signal_name(signo: int) -> bytes:
    """Return the name of a signal, such as b"SIGTERM" or b"SIGRTMIN+2"."""
    # `SIG_BLOCK` and the like are not signals. Of two names for one number the first in the alphabet is the usual
    # one: SIGABRT, not SIGIOT.
    names = sorted(name for name in dir(signal) if name.startswith("SIG") and name[3] != "_")
    for name in names:
        if getattr(signal, name) == signo:
            return name.encode()
    return b"SIGRTMIN+%d" % (signo - signal.SIGRTMIN) if signo > signal.SIGRTMIN else b"signal %d" % signo
