"""One signal at every point: the strategy whose pass says the most."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from proctor.harness.explorer.survey import Survey, SurveyedPoint
from proctor.harness.schedule import CallLauncher, Deliver, Directive, HoldTask, Point, PressKey, Schedule
from proctor.harness.signals import INTERRUPT

Stimulus = Deliver | PressKey | CallLauncher


class Planned(NamedTuple):
    """A schedule, the site it is about (None where it is about several), and what is delivered there."""

    schedule: Schedule
    site: SurveyedPoint | None
    what: str


class Sweep(NamedTuple):
    """What is planned and how many points were left out, because nothing can come of them or of another alike; or, in
    turn, because another of the signals is delivered there."""

    planned: list[Planned]
    redundant: int
    unconcerned: int
    in_turn: int


def number_of(stimulus: Stimulus) -> int:
    """Return the signal that a stimulus is for the launcher, 0 for none."""
    if isinstance(stimulus, CallLauncher):
        return 0
    return stimulus.signal if isinstance(stimulus, Deliver) else INTERRUPT


def sweep(
    survey: Survey, stimuli: Sequence[Stimulus], part: int, exhaustive: bool = False, in_turn_everywhere: bool = False
) -> Sweep:
    """Plan each stimulus at each point of a part of the script, after a fork in both orders of launcher and child.

    Programs that the launcher has started and waits for, an installer say, have most of the points; from one to the
    next of them the launcher itself does not move. At these its signals take turns, unless all are asked for; with
    in_turn_everywhere at all points, for a launcher whose own are swept in another scenario.
    """
    planned: list[Planned] = []
    redundant = unconcerned = in_turn = 0
    turning = (site for site in survey.of_part(part) if site.is_helpers or in_turn_everywhere)
    turns = {} if exhaustive else _turns(turning, stimuli)
    for stimulus in stimuli:
        for site in survey.of_part(part):
            number = number_of(stimulus)
            if not exhaustive and site.is_redundant(number):
                redundant += 1
            elif not exhaustive and not site.concerns(number):
                unconcerned += 1
            elif _takes_turns(stimulus) and turns.get(site.point, stimulus) != stimulus:
                in_turn += 1
            else:
                planned += _at(survey, site, stimulus)
    return Sweep(planned, redundant, unconcerned, in_turn)


def _turns(sites: Iterable[SurveyedPoint], stimuli: Sequence[Stimulus]) -> dict[Point, Stimulus]:
    """Return which of the signals has its turn at each of these points, of those of which something can come there."""
    found: dict[Point, Stimulus] = {}
    for site in sites:
        able = [one for one in stimuli if _takes_turns(one) and site.matters(number_of(one))]
        if able:
            found[site.point] = able[len(found) % len(able)]
    return found


def _takes_turns(stimulus: Stimulus) -> bool:
    """Whether it is a signal of which a launcher can make something: what is left of one that is ended by SIGKILL is
    another thing at each point."""
    return isinstance(stimulus, Deliver) and stimulus.to == "launcher" and stimulus.signal != signal.SIGKILL


def _at(survey: Survey, site: SurveyedPoint, stimulus: Stimulus) -> Iterator[Planned]:
    deliver = Directive(site.point, stimulus)
    if isinstance(stimulus, CallLauncher):
        yield Planned(Schedule((deliver, Directive(site.point, HoldTask("beside")))), site, str(stimulus))
        return
    if not site.is_launchers:
        # the child stands still here while the launcher makes of the signal what it can
        yield Planned(Schedule((deliver, Directive(site.point, HoldTask("launcher")))), site, str(stimulus))
        return
    yield Planned(Schedule((deliver,)), site, str(stimulus))
    if survey.child_first:
        yield Planned(Schedule((*survey.child_first, deliver)), site, f"{stimulus}, child first")
