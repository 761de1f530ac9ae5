"""What several replays of a case come to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from proctor.conformance.cli.replay import exit_status
from proctor.conformance.exploring.replay import ReplayResult, count, unreached
from proctor.harness.history import NotReached
from proctor.harness.schedule import parse
from proctor.harness.violation import Violation
from tests.unit.histories import history

CLEAN = ReplayResult(history())
BACK = CLEAN._replace(objections=(Violation("EXIT-1/wrong-status", {}, "one", "none"),))
UNSURE = CLEAN._replace(unsure="the launcher went another way")


@pytest.mark.parametrize(
    ("played", "status"),
    [([CLEAN] * 3, 0), ([UNSURE] * 3, 2), ([CLEAN, UNSURE, CLEAN], 2), ([CLEAN, UNSURE, BACK], 1)],
    ids=["clean", "all inconclusive", "one inconclusive", "came back"],
)
def test_exit_status(played: Sequence[ReplayResult], status: int) -> None:
    assert exit_status(count(played)) == status


SENDS = "at launcher clone#1 exit: deliver TERM to launcher"
HOLDS, HOLDS_TOO = "at launcher wait4#1 entry: hold until child1 ends", "at child1 birth: hold until launcher blocks"


@pytest.mark.parametrize(
    ("schedule", "missed", "point"),
    [
        ((SENDS, HOLDS), (SENDS,), "launcher clone#1 exit"),
        ((SENDS, HOLDS), (HOLDS,), ""),
        ((HOLDS, HOLDS_TOO), (HOLDS,), ""),
        ((HOLDS, HOLDS_TOO), (HOLDS, HOLDS_TOO), "launcher wait4#1 entry"),
        ((HOLDS,), (HOLDS,), "launcher wait4#1 entry"),
        ((), (), ""),
    ],
)
def test_points_that_must_be_reached(schedule: tuple[str, ...], missed: tuple[str, ...], point: str) -> None:
    facts = [NotReached(one) for one in parse("\n".join(missed)).directives]
    told = unreached(parse("\n".join(schedule)), history(*facts))
    assert told == (f"the launcher never reached the point '{point}'" if point else "")
