"""The strategy `pairs`: two directives in one execution. Either a second signal while the launcher handles the first,
or a signal while a child is held at one of its points."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from proctor.harness.calls import BIRTH
from proctor.harness.explorer.survey import Survey, SurveyedPoint
from proctor.harness.explorer.sweep import PlannedSchedule, Stimulus, signal_of
from proctor.harness.schedule import Directive, HoldTask, HoldUntil, Schedule

MAX_APART = 8
"""Maximum number of launcher points between the two."""


def pairs(
    survey: Survey, stimuli: Sequence[Stimulus], part: int, most_apart: int = MAX_APART
) -> Iterator[PlannedSchedule]:
    """Plan pairs at launcher points that are at most most_apart points apart, the closest first."""
    for apart in range(most_apart + 1):
        if apart:
            yield from _two_signals(survey, stimuli, part, apart)
        yield from _signal_and_hold(survey, stimuli, part, apart)


def _two_signals(survey: Survey, stimuli: Sequence[Stimulus], part: int, apart: int) -> Iterator[PlannedSchedule]:
    for first, second in itertools.product(stimuli, repeat=2):
        sites = list(_sites(survey, first, part))
        for one, other in zip(sites, sites[apart:], strict=False):
            both = (Directive(one.point, first), Directive(other.point, second))
            yield PlannedSchedule(Schedule(both), other, f"{first}, then {second}")
            if other.children:
                yield PlannedSchedule(
                    Schedule((*survey.child_first, *both)), other, f"{first}, then {second}, child first"
                )


def _signal_and_hold(survey: Survey, stimuli: Sequence[Stimulus], part: int, apart: int) -> Iterator[PlannedSchedule]:
    """Plan a signal while a child is stopped. The launcher is held after its fork until the child reaches one of its
    points. The child stays stopped there. The launcher continues, and gets the signal `apart` points later."""
    for held in survey.child_first if part == 1 else ():
        child = held.action.process if isinstance(held.action, HoldTask) else ""
        halfway = [s.point for s in survey.points_of_part(part) if s.point.task == child and s.point.call != BIRTH]
        for stimulus, point in itertools.product(stimuli, halfway):
            sites = list(_sites(survey, stimulus, part))
            fork = next((n for n, site in enumerate(sites) if site.point == held.at), len(sites))
            until, stop = Directive(held.at, HoldUntil(point)), Directive(point, HoldTask("launcher"))
            for site in sites[fork + apart : fork + apart + 1]:
                schedule = Schedule((until, Directive(site.point, stimulus), stop))
                yield PlannedSchedule(schedule, site, f"{stimulus}, {child} half-way")


def _sites(survey: Survey, stimulus: Stimulus, part: int) -> Iterator[SurveyedPoint]:
    number = signal_of(stimulus)
    return (site for site in survey.points_of_part(part) if site.is_launcher_point and site.is_useful(number))
