"""Two things in one execution: a second signal while the launcher is busy with the first, or a signal while a child is
held half-way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from proctor.harness.calls import BIRTH
from proctor.harness.explorer.survey import Survey, SurveyedPoint
from proctor.harness.explorer.sweep import Planned, Stimulus, number_of
from proctor.harness.schedule import Directive, HoldTask, HoldUntil, Schedule

MOST_APART = 8
"""Points of the launcher between the two."""


def pairs(survey: Survey, stimuli: Sequence[Stimulus], part: int, most_apart: int = MOST_APART) -> Iterator[Planned]:
    """Plan two at points of the launcher that lie at most so many points apart, the nearest first."""
    for apart in range(most_apart + 1):
        if apart:
            yield from _two_signals(survey, stimuli, part, apart)
        yield from _signal_and_hold(survey, stimuli, part, apart)


def _two_signals(survey: Survey, stimuli: Sequence[Stimulus], part: int, apart: int) -> Iterator[Planned]:
    for first, second in itertools.product(stimuli, repeat=2):
        sites = list(_sites(survey, first, part))
        for one, other in zip(sites, sites[apart:], strict=False):
            both = (Directive(one.point, first), Directive(other.point, second))
            yield Planned(Schedule(both), other, f"{first}, then {second}")
            if other.children:
                yield Planned(Schedule((*survey.child_first, *both)), other, f"{first}, then {second}, child first")


def _signal_and_hold(survey: Survey, stimuli: Sequence[Stimulus], part: int, apart: int) -> Iterator[Planned]:
    """The launcher is held where it has made a child, until that has come to one of its points. It stands still there,
    while the launcher gets the signal so many points on and does with it what it can."""
    for held in survey.child_first if part == 1 else ():
        child = held.action.process if isinstance(held.action, HoldTask) else ""
        halfway = [s.point for s in survey.of_part(part) if s.point.task == child and s.point.call != BIRTH]
        for stimulus, point in itertools.product(stimuli, halfway):
            sites = list(_sites(survey, stimulus, part))
            fork = next((n for n, site in enumerate(sites) if site.point == held.at), len(sites))
            until, stand = Directive(held.at, HoldUntil(point)), Directive(point, HoldTask("launcher"))
            for site in sites[fork + apart : fork + apart + 1]:
                schedule = Schedule((until, Directive(site.point, stimulus), stand))
                yield Planned(schedule, site, f"{stimulus}, {child} half-way")


def _sites(survey: Survey, stimulus: Stimulus, part: int) -> Iterator[SurveyedPoint]:
    number = number_of(stimulus)
    return (site for site in survey.of_part(part) if site.is_launchers and site.matters(number))
