"""Signal numbers and names: one place, so that every message and table says the same."""

from __future__ import annotations

import signal

FIRST_REALTIME: int = int(getattr(signal, "SIGRTMIN", 0))
LAST_REALTIME: int = int(getattr(signal, "SIGRTMAX", 0))
LAST: int = LAST_REALTIME or signal.NSIG - 1

INTERRUPT = int(signal.SIGINT)
"""What Ctrl-C sends."""
COMMON_SIGNALS = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
)  # fmt: skip
"""The signals that people and service managers send."""
SI_USER = 0
"""si_code of kill(2); sigaction(2)."""
SI_KERNEL = 0x80
"""si_code of what the kernel sends, a terminal's Ctrl-C among it; sigaction(2)."""


def name(number: int) -> str:
    """Return the name of a signal, such as SIGTERM or SIGRTMIN+2."""
    if FIRST_REALTIME < number <= LAST_REALTIME:
        return f"SIGRTMIN+{number - FIRST_REALTIME}"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def realtime() -> tuple[int, ...]:
    """Return the numbers of the real-time signals, which queue and do not merge; signal(7)."""
    return tuple(range(FIRST_REALTIME, LAST_REALTIME + 1)) if FIRST_REALTIME else ()
