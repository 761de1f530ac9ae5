"""What signals may do: merged, lowest first, and certain only where somebody waited."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks.allowed import allowed
from proctor.harness import orders
from proctor.harness.scenario import (
    HangUp,
    Hold,
    Order,
    Press,
    Release,
    Resize,
    Scenario,
    Settle,
    Signal,
    Step,
    WaitEnds,
    WaitReceived,
)

TERM, INT, HUP, STOP, CONT, WINCH = (
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSTOP, signal.SIGCONT, signal.SIGWINCH,
)  # fmt: skip
ENDS: tuple[Step, ...] = (Order(orders.Exit(0)), WaitEnds("command"), WaitEnds())
AWAITED = (Signal(TERM), WaitReceived(TERM), Settle())


@pytest.mark.parametrize(
    ("steps", "number", "least", "most"),
    [
        pytest.param(AWAITED * 2, TERM, 2, 2, id="each awaited counts"),
        pytest.param((Signal(TERM), Signal(TERM), Settle()), TERM, 1, 2, id="two at once may merge"),
        pytest.param((Signal(TERM), Settle(), Signal(TERM), Settle()), TERM, 2, 2, id="two apart do not"),
        pytest.param((Signal(TERM),), TERM, 0, 1, id="one that meets the end may be lost"),
        pytest.param((Signal(TERM), Signal(INT), WaitReceived(INT), Settle()), TERM, 1, 1,
        id="at rest all have arrived"),
        pytest.param((Hold(), Signal(TERM, "group"), Settle(), Release()), TERM, 0, 1, id="held, none comes"),
        pytest.param((Hold(), Signal(TERM, "group"), Release(), Settle()), TERM, 1, 1, id="released, they have"),
        pytest.param((Signal(STOP), Signal(TERM), Settle()), TERM, 0, 1, id="a stopped launcher passes nothing on"),
        pytest.param((Signal(STOP), Signal(TERM), Signal(CONT), Settle()), TERM, 1, 1, id="continued, it does"),
        pytest.param((Order(orders.Ignore(int(TERM))), Signal(TERM), Settle()), TERM, 0, 0, id="ignored, none comes"),
        pytest.param(
            (Order(orders.Ignore(int(TERM))), Order(orders.Catch(int(TERM))), *AWAITED), TERM, 1, 1, id="caught again"
        ),
        pytest.param((Press("ctrl-c"), Settle()), INT, 1, 1, id="a key"),
        pytest.param((Signal(INT), Press("ctrl-c"), WaitReceived(INT), Settle()), INT, 1, 2,
        id="a key may merge as well"),
        pytest.param((Resize(30, 90), Settle()), WINCH, 1, 1, id="a window"),
        pytest.param((HangUp(), Settle()), HUP, 1, 1, id="a hang-up"),
    ],
)  # fmt: skip
def test_how_often(steps: tuple[Step, ...], number: int, least: int, most: int) -> None:
    rule = allowed(Scenario((*steps, *ENDS)))[number]
    assert (rule.least, rule.most) == (least, most)


def test_what_comes_after_the_end_of_the_command_is_not_for_it() -> None:
    assert allowed(Scenario((*ENDS, Signal(TERM), Settle()))) == {}


def test_causes_are_kept_apart() -> None:
    rules = allowed(Scenario((Signal(TERM, "group"), Settle(), Press("ctrl-c"), Settle(), Signal(INT), Settle())))
    assert sorted(rules[TERM].causes) == ["group"]
    assert sorted(rules[INT].causes) == ["key", "launcher"]
