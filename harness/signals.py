"""Signal numbers and names."""

from __future__ import annotations

import signal

FIRST_REALTIME: int = int(getattr(signal, "SIGRTMIN", 0))
LAST_REALTIME: int = int(getattr(signal, "SIGRTMAX", 0))
LAST: int = LAST_REALTIME or signal.NSIG - 1

INTERRUPT = int(signal.SIGINT)
"""The signal of Ctrl-C."""
COMMON_SIGNALS = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
)  # fmt: skip
"""The signals that people and service managers send."""
IGNORED_BY_DEFAULT: tuple[int, ...] = tuple(
    getattr(signal, name) for name in ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH") if hasattr(signal, name)
)
"""The signals whose default action does nothing; signal(7)."""
STOPPING: tuple[int, ...] = tuple(
    getattr(signal, name) for name in ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU") if hasattr(signal, name)
)
"""The signals whose default action stops the process; signal(7)."""
SI_USER = 0
"""si_code of kill(2); sigaction(2)."""
SI_KERNEL = 0x80
"""si_code of signals from the kernel, for example by Ctrl-C on a terminal; sigaction(2)."""


def name(number: int) -> str:
    """Return the name of a signal, such as SIGTERM or SIGRTMIN+2."""
    if FIRST_REALTIME < number <= LAST_REALTIME:
        return f"SIGRTMIN+{number - FIRST_REALTIME}"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def realtime() -> tuple[int, ...]:
    """Return the numbers of the real-time signals, which queue and do not coalesce; signal(7)."""
    return tuple(range(FIRST_REALTIME, LAST_REALTIME + 1)) if FIRST_REALTIME else ()
