"""What was sent before a violation, as histories and scenarios tell it."""

from __future__ import annotations

import signal

import msgspec
import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.judging.judge import Bare, judge
from proctor.conformance.judging.stimulus import of_requirement, sent_in
from proctor.conformance.spec import requirements
from proctor.harness.history import History, Pressed
from proctor.harness.scenario import HangUp, Press, Scenario, Settle, Signal, Step
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from tests.unit.histories import ended, greeted, history, over, sent, started, supervised

HUP, TERM, STOP, CONT = (int(getattr(signal, f"SIG{name}")) for name in ("HUP", "TERM", "STOP", "CONT"))


def of_scenario(*steps: Step) -> History:
    return msgspec.structs.replace(supervised(*over(0)), scenario=Scenario(steps))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (of_scenario(Settle()), ""),
        (of_scenario(Settle(), Signal(HUP), Settle()), "SIGHUP"),
        (of_scenario(Signal(HUP), Settle(), Signal(TERM)), "SIGTERM"),
        (of_scenario(Signal(STOP), Signal(TERM), Signal(CONT)), "SIGTERM"),
        (of_scenario(Signal(CONT)), "SIGCONT"),
        (of_scenario(Press("ctrl-c")), "ctrl-c"),
        (of_scenario(HangUp()), "hang-up"),
        (supervised(sent(TERM, cause=1), *over(0)), "SIGTERM"),
        (supervised(sent(HUP, cause=1), Pressed("ctrl-c", cause=2), *over(0)), "ctrl-c"),
    ],
)
def test_what_was_sent(seen: History, says: str) -> None:
    assert sent_in(seen) == says


def test_a_violation_that_names_its_signal_has_no_other() -> None:
    seen = of_scenario(Signal(TERM))
    found = [
        Violation("hangs"),
        Violation("not-delivered", {"signal": "SIGHUP"}),
        Violation("x", {"signals": "SIGHUP"}),
    ]
    assert [(one.code, one.sent) for one in of_requirement(found, "SIG-6", seen)] == [
        ("SIG-6/hangs", "SIGTERM"), ("SIG-6/not-delivered", ""), ("SIG-6/x", ""),
    ]  # fmt: skip


def test_a_verdict_and_a_finding_name_it() -> None:
    """The deviation for HUP covers what is left after HUP, and not what is left after TERM."""
    seen = supervised(*over(0))
    for number, verdict in ((HUP, "declared deviation"), (TERM, "fail")):
        made = judge(
            requirements()["TREE-1"], Target("a", ("a",), deviations={"TREE-1[HUP]": "on purpose"}),
            Scenario((Signal(number),)), lambda *_: [Violation("process-left", {"process": "command"}, "r", "a")],
            lambda _target, scenario: msgspec.structs.replace(seen, scenario=scenario),
            Bare(lambda _target, scenario: msgspec.structs.replace(seen, scenario=scenario)),
        )  # fmt: skip
        assert (made.verdict, made.violations[0].sent) == (verdict, signal.Signals(number).name)
    orphan = history(started(), greeted(), sent(TERM, cause=1), ended("launcher", 0))
    told = campaign_named("start").predicate(seen)(orphan)
    assert [(one.code, one.sent) for one in told.objections] == [("SIG-6/command-outlives", "SIGTERM")]
