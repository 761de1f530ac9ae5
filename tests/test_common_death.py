"""A launcher that a key ends, and its command with it: no verdict rests on which of the two deaths is seen first."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from proctor.conformance.checks.common import NotObservable
from proctor.conformance.checks.terminal import job_control
from proctor.conformance.scenarios.signals import finish
from proctor.harness.execute import execute
from proctor.harness.history import Ended
from proctor.harness.orders import Inherit
from proctor.harness.scenario import (
    Order,
    Press,
    Scenario,
    Settle,
    Stage,
    Type,
    WaitContinued,
    WaitOutput,
    WaitReceived,
    WaitStopped,
)
from proctor.harness.signals import INTERRUPT
from proctor.harness.target import BARE, Target
from tests.built_for_tests import compiled

STOP = (Press("ctrl-z"), WaitStopped(), WaitOutput("<prompt>"))
GO_ON = (Type(b"fg\n"), WaitContinued(), Settle())
KEY = (Press("ctrl-c"), WaitReceived(INTERRUPT), Settle())
STOPPED_ONCE = (Order(Inherit(int(signal.SIGTSTP))), Settle(), *STOP, *GO_ON, *KEY, *finish())
PLAYS = 10


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("dies_together", tmp_path_factory.mktemp("common death"))


def test_a_key_after_fg_that_ends_both_is_not_held_against_job_control(program: Path) -> None:
    script = Scenario(STOPPED_ONCE, Stage(terminal=True, parent="bash"))
    bare = execute(BARE, script)
    assert job_control(bare, bare) == []
    for _ in range(PLAYS):
        mine = execute(Target("dies together", (str(program),)), script)
        assert {fact.process for fact in mine.facts(Ended)} >= {"launcher", "command"}
        with pytest.raises(NotObservable, match="ctrl-c ended the launcher itself while the command ran: see TTY-1"):
            job_control(mine, bare)
