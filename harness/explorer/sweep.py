"""The strategy `sweep`: one signal at every point. A pass of it covers the most."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from proctor.harness.explorer.survey import Survey, SurveyedPoint
from proctor.harness.schedule import CallLauncher, Deliver, Directive, HoldTask, Point, PressKey, Schedule
from proctor.harness.signals import INTERRUPT

Stimulus = Deliver | PressKey | CallLauncher


class PlannedSchedule(NamedTuple):
    """A schedule. site: the point it is about, None for several points; what: the stimulus, as text."""

    schedule: Schedule
    site: SurveyedPoint | None
    what: str


class Sweep(NamedTuple):
    """The plan, and the numbers of skipped combinations of stimulus and point: redundant (same effect as at other
    points), unaffected (no effect on the stimulus), rotated (another signal of the rotation is used there)."""

    planned: list[PlannedSchedule]
    redundant: int
    unaffected: int
    rotated: int


def signal_of(stimulus: Stimulus) -> int:
    """Return the signal of a stimulus; 0 if it is not a signal."""
    if isinstance(stimulus, CallLauncher):
        return 0
    return stimulus.signal if isinstance(stimulus, Deliver) else INTERRUPT


def sweep(
    survey: Survey, stimuli: Sequence[Stimulus], part: int, exhaustive: bool = False, rotate_everywhere: bool = False
) -> Sweep:
    """Plan each stimulus at each point of a part of the script; after a fork, in both orders of launcher and child.

    Most points belong to programs that the launcher waits for, such as an installer, and the launcher does not change
    between them. So these points use the signals in rotation, unless exhaustive is set. rotate_everywhere: use rotation
    at all points, for a launcher whose own points are swept in another scenario.
    """
    planned: list[PlannedSchedule] = []
    redundant = unaffected = rotated = 0
    rotating = (site for site in survey.points_of_part(part) if site.is_helper_point or rotate_everywhere)
    rotation = {} if exhaustive else _rotation(rotating, stimuli)
    for stimulus in stimuli:
        for site in survey.points_of_part(part):
            number = signal_of(stimulus)
            if not exhaustive and site.is_redundant(number):
                redundant += 1
            elif not exhaustive and not site.affects(number):
                unaffected += 1
            elif _is_rotatable(stimulus) and rotation.get(site.point, stimulus) != stimulus:
                rotated += 1
            else:
                planned += _at(survey, site, stimulus)
    return Sweep(planned, redundant, unaffected, rotated)


def _rotation(sites: Iterable[SurveyedPoint], stimuli: Sequence[Stimulus]) -> dict[Point, Stimulus]:
    """Return the signal to use at each of these points, in rotation among those that are useful there."""
    found: dict[Point, Stimulus] = {}
    for site in sites:
        useful = [one for one in stimuli if _is_rotatable(one) and site.is_useful(signal_of(one))]
        if useful:
            found[site.point] = useful[len(found) % len(useful)]
    return found


def _is_rotatable(stimulus: Stimulus) -> bool:
    """Whether a stimulus may be used in rotation: a signal that the launcher can handle. SIGKILL is not: what it leaves
    behind differs from point to point."""
    return isinstance(stimulus, Deliver) and stimulus.to == "launcher" and stimulus.signal != signal.SIGKILL


def _at(survey: Survey, site: SurveyedPoint, stimulus: Stimulus) -> Iterator[PlannedSchedule]:
    deliver = Directive(site.point, stimulus)
    if isinstance(stimulus, CallLauncher):
        yield PlannedSchedule(Schedule((deliver, Directive(site.point, HoldTask("beside")))), site, str(stimulus))
        return
    if not site.is_launcher_point:
        # the child stays stopped here while the launcher handles the signal
        yield PlannedSchedule(Schedule((deliver, Directive(site.point, HoldTask("launcher")))), site, str(stimulus))
        return
    yield PlannedSchedule(Schedule((deliver,)), site, str(stimulus))
    if survey.child_first:
        yield PlannedSchedule(Schedule((*survey.child_first, deliver)), site, f"{stimulus}, child first")
