"""Two stimuli in one execution, at two points: a second signal while the launcher is busy with the first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from harness.explorer.survey import Survey
from harness.explorer.sweep import Planned, Stimulus, number_of
from harness.schedule import Directive, Schedule


def pairs(survey: Survey, stimuli: Sequence[Stimulus], part: int, most_apart: int = 8) -> Iterator[Planned]:
    """Plan two stimuli at two points of the launcher that lie at most so many points apart, the nearest first."""
    for apart in range(1, most_apart + 1):
        for first, second in itertools.product(stimuli, repeat=2):
            sites = [
                site
                for site in survey.of_part(part)
                if site.is_launchers and site.concerns(number_of(first)) and not site.is_redundant(number_of(first))
            ]
            for one, other in zip(sites, sites[apart:], strict=False):
                schedule = Schedule((Directive(one.point, first), Directive(other.point, second)))
                yield Planned(schedule, other, f"{first}, then {second}")
