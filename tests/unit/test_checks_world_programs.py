"""Chapter WORLD, real programs as the command: its checks on literal histories."""

from __future__ import annotations

import signal

import msgspec
import pytest

from proctor.conformance.checks import world as checks
from proctor.harness.history import Fact, History, Milestone
from proctor.harness.scenario import Scenario
from tests.unit.histories import (
    Example,
    answered,
    bad,
    by_key,
    ended,
    good,
    missed,
    over,
    received,
    replaced,
    sent,
    supervised,
    titles,
    verify,
)

HUP, TERM, USR2, INT = signal.SIGHUP, signal.SIGTERM, signal.SIGUSR2, signal.SIGINT


def reports(*names: str) -> tuple[Fact, ...]:
    return tuple(Milestone("command", name) for name in names)


def of(program: str, made: History) -> History:
    """Return the history of a scenario whose command is this program."""
    scenario = Scenario((), command=program)  # type: ignore[arg-type]
    return msgspec.structs.replace(made, scenario=scenario)


RELOADED = reports("reloaded", "worker", "worker-ended")
STOPPED = (*reports("worker-ended", "stopped"), *over())
BARE_GUNICORN = of(
    "gunicorn",
    replaced(
        *reports("worker"), sent(HUP), received(HUP, sender=1), *RELOADED, sent(TERM), received(TERM, sender=1),
        *STOPPED,
    ),
)  # fmt: skip
BARE_IPYTHON = of("ipython", replaced(sent(USR2), received(USR2, sender=1), *reports("handled")))
NO_RELOAD = supervised(*reports("worker"), sent(HUP), missed("command receives SIGHUP"))
REGROUPED = answered("regroup")
BARE_PRESSED = replaced(REGROUPED, by_key(INT), *over(), terminal=True)

EXAMPLES: tuple[Example, ...] = (
    good(
        "the same effects, in another order",
        checks.same_effect,
        supervised(
            *reports("worker"), sent(HUP), received(HUP), *reports("reloaded", "worker-ended", "worker"), sent(TERM),
            received(TERM), *STOPPED,
        ),
        BARE_GUNICORN,
    ),
    good("is the program", checks.same_effect, BARE_GUNICORN, BARE_GUNICORN),
    bad(
        "swallowed",
        checks.same_effect,
        NO_RELOAD,
        BARE_GUNICORN,
        "effect-missing program=gunicorn effect=reloaded; effect-missing program=gunicorn effect=stopped; "
        "effect-missing program=gunicorn effect=worker; effect-missing program=gunicorn effect=worker-ended",
        "gunicorn has reported reloaded once",
    ),
    bad(
        "reloaded twice",
        checks.same_effect,
        supervised(
            *reports("worker"), sent(HUP), received(HUP), *RELOADED, received(HUP), *RELOADED, sent(TERM),
            received(TERM), *STOPPED,
        ),
        BARE_GUNICORN,
        "effect-repeated program=gunicorn effect=reloaded; effect-repeated program=gunicorn effect=worker; "
        "effect-repeated program=gunicorn effect=worker-ended",
        "twice",
    ),
    bad(
        "the launcher dies, and the program goes on",
        checks.same_effect,
        supervised(sent(USR2), ended("launcher", signal=USR2), missed("command receives SIGUSR2")),
        BARE_IPYTHON,
        "ended-before-command end=SIGUSR2; effect-missing program=ipython effect=handled",
        "the launcher ended by SIGUSR2",
    ),
    bad(
        "the handler has run, but the prompt is dead",
        checks.same_effect,
        supervised(sent(USR2), received(USR2), *reports("handled"), missed("terminal shows 42")),
        BARE_IPYTHON,
        "timed-out wait=output text=42",
        "timed out",
    ),
    good(
        "forwarded to the group of the command",
        checks.interrupted_in_own_group,
        supervised(REGROUPED, received(INT), *over(), terminal=True),
        BARE_PRESSED,
    ),
    good(
        "twice is another requirement",
        checks.interrupted_in_own_group,
        supervised(REGROUPED, received(INT), received(INT), *over(), terminal=True),
        BARE_PRESSED,
    ),
    bad(
        "left to the terminal",
        checks.interrupted_in_own_group,
        supervised(REGROUPED, missed("command receives SIGINT"), terminal=True),
        BARE_PRESSED,
        "not-delivered signal=SIGINT",
        "not received",
    ),
    bad(
        "the launcher ends of the key",
        checks.interrupted_in_own_group,
        supervised(REGROUPED, ended("launcher", signal=INT), missed("command receives SIGINT"), terminal=True),
        BARE_PRESSED,
        "ended-before-command end=SIGINT; not-delivered signal=SIGINT",
        "the launcher ended by SIGINT",
    ),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_checks(example: Example) -> None:
    verify(example)
