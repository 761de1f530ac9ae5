"""Points, stimuli and orders drawn at random, from a seed: the same seed gives the same schedules."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import Planned, Stimulus
from proctor.harness.schedule import Directive, HoldTask, Schedule


def chance(survey: Survey, stimuli: Sequence[Stimulus], part: int, seed: int) -> Iterator[Planned]:
    """Plan schedules of one to three directives, without end."""
    source = random.Random(seed)
    sites = list(survey.of_part(part))
    orders = survey.child_first
    while sites:
        count = source.randint(1, 2)
        directives = [Directive(source.choice(sites).point, source.choice(stimuli)) for _ in range(count)]
        if orders and source.random() < 0.5:
            directives.insert(0, source.choice(orders))
        elif source.random() < 0.5:
            site = source.choice(sites)
            if not site.is_launchers:
                directives.append(Directive(site.point, HoldTask("launcher")))
        yield Planned(Schedule(tuple(directives)), None, "drawn")
