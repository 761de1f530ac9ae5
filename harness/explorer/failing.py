"""The plan of failing calls: each call of the launcher fails once, with each error that it can give."""

from __future__ import annotations

from typing import NamedTuple

from proctor.harness.explorer.spread import spread_over_kinds
from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.failing_calls import ERRORS, NEVER_RESTARTED, RESTARTED, How, failures, is_visible
from proctor.harness.history import PointReached, WitnessReady
from proctor.harness.schedule import Directive, Point, Schedule

_ORDER = {name: number for number, name in enumerate((*ERRORS, *NEVER_RESTARTED, *RESTARTED))}


MOST_ALIKE = 12
"""Of the calls of one task that have one name and can only fail, how many are tried: an interpreter maps and opens
hundreds of files. They are spread evenly over all of them."""


class FailingPlan(NamedTuple):
    """The plan. left_out: the number of schedules that are left out, because calls that can only fail get one error
    each, and of many alike only some get one."""

    planned: list[PlannedSchedule]
    left_out: int


def failing(survey: Survey, how: How, exhaustive: bool = False) -> FailingPlan:
    """Plan each failure at the launcher's own calls in the order without directives: of calls that can only fail, those
    before the command runs. Of these MOST_ALIKE get one error each, in turn, unless exhaustive is set. One of each call
    comes before two of any."""
    own = {site.point: site for site in survey.sites if not site.is_helper_point}
    planned: list[PlannedSchedule] = []
    turns = left_out = 0
    calls = [(point, list(failures(point, how, waited))) for point, waited in _calls(survey) if point.at in own]
    skipped = set() if exhaustive else _too_many_alike([point for point, some in calls if some])
    for point, found in calls:
        some = [] if point.at in skipped else found
        if some and how == "errors" and not exhaustive and not is_visible(point):
            some = [found[turns % len(found)]]
            turns += 1
        left_out += len(found) - len(some)
        planned += [PlannedSchedule(Schedule((Directive(point.at, one),)), own[point.at], str(one)) for one in some]
    return FailingPlan(spread_over_kinds(planned, _kind_of, lambda _: 0), left_out)


def _too_many_alike(points: list[PointReached]) -> set[Point]:
    """Return the points that are left out: of more than MOST_ALIKE alike all that are not evenly spread over them."""
    alike: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if not is_visible(point):
            alike.setdefault((point.at.task, point.at.call), []).append(point.at)
    chosen = {
        some[n * (len(some) - 1) // (MOST_ALIKE - 1)]
        for some in alike.values() if len(some) > MOST_ALIKE for n in range(MOST_ALIKE)
    }  # fmt: skip
    return {point for some in alike.values() if len(some) > MOST_ALIKE for point in some} - chosen


def _kind_of(point: Point) -> int:
    return _ORDER[point.call]


def _calls(survey: Survey) -> list[tuple[PointReached, bool]]:
    """Return the entries of calls of the undisturbed run, and whether anything was observed before the same task's next
    point: then the call may have waited. Without calls that can only fail, once the command runs."""
    events = survey.alone.events
    runs = next((n for n, event in enumerate(events) if _is_start(event.fact)), len(events))
    last: dict[str, int] = {}
    waited: set[int] = set()
    for number, event in enumerate(events):
        if isinstance(fact := event.fact, PointReached):
            before = last.get(fact.at.task)
            if before is not None and number > before + 1:
                waited.add(before)
            last[fact.at.task] = number
    return [
        (event.fact, number in waited)
        for number, event in enumerate(events)
        if isinstance(event.fact, PointReached) and event.fact.at.when == "entry"
        and (number < runs or is_visible(event.fact))
    ]  # fmt: skip


def _is_start(fact: object) -> bool:
    return isinstance(fact, WitnessReady) and fact.process == "command"
