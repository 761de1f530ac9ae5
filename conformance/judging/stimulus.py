"""What Proctor did to the launcher before a violation: the signal that it sent, or the key that it pressed.

Many codes have no signal of their own: a process left after TERM is the same violation as one left after QUIT. What was
sent tells them apart, for the gate and for declared deviations.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator

import msgspec

from proctor.harness import signals
from proctor.harness.history import History, Pressed, Sent
from proctor.harness.scenario import HangUp, Press, Scenario, Signal
from proctor.harness.violation import HANG_UP, Violation

OWN = ("signal", "signals")
"""Parameters of violations that name signals."""


def of_requirement(found: Iterable[Violation], requirement: str, history: History) -> tuple[Violation, ...]:
    """Return the violations of this requirement that a check found in this history, with what was sent in it."""
    sent = sent_in(history)
    return tuple(
        msgspec.structs.replace(one.of(requirement), sent="" if any(name in one.parameters for name in OWN) else sent)
        for one in found
    )


def sent_in(history: History) -> str:
    """Return the last signal or key of the schedule, else of the scenario; "" if there is none."""
    scheduled = [
        fact.key if isinstance(fact, Pressed) else signals.name(fact.signal)
        for fact in (event.fact for event in history.events)
        if isinstance(fact, Pressed | Sent) and fact.cause is not None
    ]
    return (scheduled or [_last_step(history.scenario)])[-1]


def _last_step(scenario: Scenario) -> str:
    """Return the last signal or key of the steps. SIGCONT counts only if nothing else is sent: it ends a stop."""
    sent = list(_sent_by(scenario))
    counted = [one for one in sent if one != signals.name(signal.SIGCONT)] or sent
    return counted[-1] if counted else ""


def _sent_by(scenario: Scenario) -> Iterator[str]:
    for step in scenario.steps:
        match step:
            case Signal(signal=number):
                yield signals.name(number)
            case Press(key=key):
                yield key
            case HangUp():
                yield HANG_UP
