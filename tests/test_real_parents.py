"""Real programs as the launcher's parent: what is no fault of the launcher, and what is left of a killed run."""

from __future__ import annotations

import pytest

from proctor.conformance.scenarios.parents import ask, below, heeding, looked, started_anew
from proctor.harness.errors import HarnessError
from proctor.harness.execute import execute
from proctor.harness.history import Answered, Ended, Snapshot, Started, WaitFailed
from proctor.harness.programs import missing
from proctor.harness.scenario import Order, Scenario, Settle, Stage
from proctor.harness.schedule import Schedule
from proctor.harness.target import BARE

TERM = 15
SUPERVISORD = Stage(parent="supervisord", options={"stopwaitsecs": "2"})
needs_supervisor = pytest.mark.skipif(bool(missing("supervisord")), reason="needs supervisor")


def test_a_schedule_below_a_parent_is_refused() -> None:
    with pytest.raises(HarnessError, match="cannot be played below supervisord"):
        execute(BARE, Scenario((Settle(),), SUPERVISORD), Schedule())


@needs_supervisor
def test_a_service_is_started_anew_and_nothing_is_left() -> None:
    steps = (*heeding(TERM, "command"), ask("restart"), *started_anew("command-2"), *heeding(TERM, "command-2"))
    history = execute(BARE, below(SUPERVISORD, *steps, *looked()))
    assert not history.facts(WaitFailed)
    assert [fact.process for fact in history.facts(Started)] == ["parent", "launcher", "launcher-2"]
    ended = [fact.process for fact in history.facts(Ended)]
    assert ended == ["command", "launcher", "command-2", "launcher-2", "parent"]
    assert [fact.text for fact in history.facts(Answered) if fact.process == "parent"] == ["", "RUNNING", ""]
    *_, end = history.facts(Snapshot)
    assert not end.processes


@needs_supervisor
def test_a_verb_that_a_parent_does_not_know_is_our_error() -> None:
    with pytest.raises(HarnessError, match="cannot be asked for 'dance'; it knows stop, start, restart"):
        execute(BARE, below(SUPERVISORD, ask("dance")))


@needs_supervisor
def test_a_parent_that_cannot_start_is_our_error() -> None:
    stage = Stage(parent="supervisord", options={"stopsignal": "NOSUCH"})
    with pytest.raises(HarnessError, match="says nothing about the launcher"):
        execute(BARE, below(stage, Settle()))


def test_an_order_to_a_parent_is_data() -> None:
    step = ask("restart")
    assert isinstance(step, Order)
    assert (step.to, step.text) == ("parent", "ask restart")
