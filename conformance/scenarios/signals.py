"""The signals and sequences of steps that cases share."""

from __future__ import annotations

import signal

from proctor.harness import orders, signals
from proctor.harness.scenario import (
    Look,
    Order,
    Settle,
    Signal,
    Step,
    WaitContinued,
    WaitEnds,
    WaitReceived,
    WaitStopped,
)

COMMON_SIGNALS = signals.COMMON_SIGNALS
"""The signals of SIG-1: those that people and service managers send."""

OTHERS = tuple(
    getattr(signal, name)
    for name in (
        "SIGCONT", "SIGWINCH", "SIGURG", "SIGIO", "SIGPWR", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGVTALRM", "SIGPROF",
        "SIGXCPU", "SIGXFSZ", "SIGSYS", "SIGPIPE",
    )
    if hasattr(signal, name)
) + signals.realtime()  # fmt: skip
"""The other signals that can be caught; SIG-4."""

FATAL = (
    *COMMON_SIGNALS, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGKILL,
    signal.SIGSEGV,
    signal.SIGPIPE, signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGSYS,
    *(getattr(signal, name) for name in ("SIGSTKFLT", "SIGIO", "SIGPWR") if hasattr(signal, name)),
    *signals.realtime()[:1], *signals.realtime()[-1:],
)  # fmt: skip
"""Signals whose default action ends a process; signal(7). Of the real-time signals only the first and the last."""


STOP_AND_CONTINUE: tuple[Step, ...] = (
    Settle(), Signal(signal.SIGSTOP, "command"), WaitStopped(), Settle(), Look(),
    Signal(signal.SIGCONT, "command"), Signal(signal.SIGCONT), WaitContinued(), Settle(),
)  # fmt: skip
"""Stop and continue the command, and a launcher that has stopped itself too."""


LONG_REST = Settle(limit=5.0)
"""A launcher may do something after a while: script(1) sleeps for 2 s before it reaps, and the watcher that busybox
timeout leaves looks once a second whether its command is still there."""


def finish(code: int = 0) -> tuple[Step, ...]:
    """Return the steps in which the command exits with this code, and the launcher has to end."""
    return Order(orders.Exit(code)), WaitEnds("command"), WaitEnds("launcher")


def send(number: int, times: int = 1, to: str = "launcher") -> tuple[Step, ...]:
    """Return the steps that send a signal `times` times, each after the last was received and all is quiescent."""
    return (Signal(number, to), WaitReceived(number), Settle()) * times
