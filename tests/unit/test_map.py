"""The map of an exploration: which points form a range, and its text."""

from __future__ import annotations

import msgspec
import pytest

from proctor.conformance.exploring.point_map import draw, stretches
from proctor.harness.explorer.explore import Evaluation, PlayedSchedule
from proctor.harness.explorer.survey import SurveyedPoint
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.history import PointReached
from proctor.harness.schedule import Point, Schedule
from proctor.harness.violation import Violation
from proctor.reports.coverage import Coverage

ENDS, REACHES = Evaluation("ends"), Evaluation("reaches the command")
LOST = Evaluation("lost", (Violation("wrong", {}, "a", "b"),))
SITES = [
    SurveyedPoint(10 + n, PointReached(Point(task, call)), (), False, False, False)
    for n, (task, call) in enumerate(
        [("launcher", "brk"), ("launcher", "fork"), ("launcher", "pipe2"), ("child1", "birth"), ("child1", "setsid"),
         ("launcher", "wait4")]
    )
]  # fmt: skip
"""Points of a later part of a script: their numbers do not begin at 0."""


def played(number: int, evaluation: Evaluation, what: str = "deliver TERM to launcher") -> PlayedSchedule:
    return PlayedSchedule(PlannedSchedule(Schedule(), SITES[number - 1], what), evaluation, reached=True)


def test_neighbouring_points_with_the_same_outcomes_become_a_range() -> None:
    found = list(stretches([played(n, ENDS) for n in (6, 1, 2, 3, 4, 5)], SITES))
    assert [(one.process, one.runs) for one in found] == [
        ("launcher", ((1, 3),)), ("child1", ((4, 5),)), ("launcher", ((6, 6),)),
    ]  # fmt: skip
    assert (found[0].start, found[0].end) == ("launcher brk#1 exit", "launcher pipe2#1 exit")


def test_untested_points_are_not_counted() -> None:
    (found,) = stretches([played(1, ENDS), played(3, ENDS)], SITES)
    assert (found.runs, found.first, found.last, found.visited) == (((1, 1), (3, 3)), 1, 3, 2)


def test_a_point_has_all_its_outcomes() -> None:
    quit_, late = "deliver QUIT to launcher", "deliver TERM to launcher, child first"
    some = [played(1, ENDS), played(1, ENDS, quit_), played(2, LOST), played(2, LOST, quit_), played(2, REACHES, late)]
    first, second = stretches(some, SITES)
    assert (first.came, first.objected) == (("ends",), ())
    assert (second.came, second.objected) == (("reaches the command (TERM, child first)",), ("lost (TERM; QUIT)",))
    assert [line.strip() for line in draw([first, second])] == [
        f"1  {'launcher brk#1 exit':62} ends",
        f"2  {'launcher fork#1 exit':62} ! lost (TERM; QUIT); reaches the command (TERM, child first)",
    ]


@pytest.mark.parametrize("runs", ["[]", "[[3, 2]]", "[[0, 1]]", "[[1, 2], [2, 3], [1, 1]]", "[[1, 9]]"])
def test_damaged_runs_are_rejected(runs: str) -> None:
    stretch = f'{{"process": "a", "runs": {runs}, "start": "a b", "end": "a b"}}'
    told = f'{{"requirement": "X", "campaign": "x", "stimuli": [], "points": 8, "played": 1, "stretches": [{stretch}]}}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(told, type=Coverage)


def test_schedules_without_a_point_are_not_on_the_map() -> None:
    assert (
        list(stretches([PlayedSchedule(PlannedSchedule(Schedule(), None, "drawn"), ENDS, reached=True)], SITES)) == []
    )
