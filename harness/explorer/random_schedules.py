"""The strategy `random`: random points, stimuli and orders. The same seed gives the same schedules."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import PlannedSchedule, Stimulus
from proctor.harness.schedule import Directive, HoldTask, Schedule


def random_schedules(survey: Survey, stimuli: Sequence[Stimulus], part: int, seed: int) -> Iterator[PlannedSchedule]:
    """Yield an unlimited number of schedules with one to three directives."""
    source = random.Random(seed)
    sites = list(survey.points_of_part(part))
    orders = survey.child_first
    while sites:
        count = source.randint(1, 2)
        directives = [Directive(source.choice(sites).point, source.choice(stimuli)) for _ in range(count)]
        if orders and source.random() < 0.5:
            directives.insert(0, source.choice(orders))
        elif source.random() < 0.5:
            site = source.choice(sites)
            if not site.is_launcher_point:
                directives.append(Directive(site.point, HoldTask("launcher")))
        yield PlannedSchedule(Schedule(tuple(directives)), None, "random")
