"""The map of an exploration: a lane for each process, a bar for points at which the same came of everything."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from proctor.reports.coverage import Coverage, PointRange

SHADES = 5
"""Outcomes that have a colour of their own, those of the most points first; the others share one."""
WRONG = 3
"""The same of what was objected to."""
OBJECTED, SHARED = "objected", "shared"
NARROWEST = 0.3
"""Percent of a lane: what is narrower cannot be seen."""


class PointOutcome(NamedTuple):
    """What came of a delivery. shade: by which it is drawn; points: at how many it was so."""

    shade: str
    label: str
    points: int


class OutcomeBar(NamedTuple):
    """Points that follow each other, in percent of the lane's width. title: what is said when they are pointed at."""

    x: float
    width: float
    shade: str
    title: str


class PointMap(NamedTuple):
    """What is drawn of one campaign; lanes: the bars by process."""

    explored: Coverage
    outcomes: list[PointOutcome]
    lanes: dict[str, list[OutcomeBar]]

    @property
    def visited(self) -> int:
        """At how many points something was played."""
        return sum(stretch.visited for stretch in self.explored.stretches)


def label_of(stretch: PointRange) -> str:
    """Return what came of all that was played in a stretch."""
    return "; ".join((*stretch.objected, *stretch.came))


def drawn(explored: Coverage) -> PointMap:
    """Return the map of one campaign."""
    stretches = explored.stretches
    shades = _shades(stretches)
    points: Counter[str] = Counter()
    lanes: dict[str, list[OutcomeBar]] = {}
    for stretch in stretches:
        points[label_of(stretch)] += stretch.visited
        lanes.setdefault(stretch.process, []).extend(_bars(stretch, explored.points, shades[label_of(stretch)]))
    return PointMap(explored, [PointOutcome(shade, label, points[label]) for label, shade in shades.items()], lanes)


def maps(found: Iterable[Coverage]) -> list[PointMap]:
    """Return the maps of those campaigns that have one: where only orders were tried, there is none."""
    return [drawn(one) for one in found if one.stretches]


def _shades(stretches: Iterable[PointRange]) -> dict[str, str]:
    """Return the shade of each outcome: what was objected to first, then by how many points have it."""
    objected: Counter[str] = Counter()
    sound: Counter[str] = Counter()
    for stretch in stretches:
        (objected if stretch.objected else sound)[label_of(stretch)] += stretch.visited
    own = {label: f"outcome{n}" if n <= SHADES else SHARED for n, (label, _) in enumerate(sound.most_common(), 1)}
    wrong = (f"{OBJECTED}{min(n, WRONG)}" for n in itertools.count(1))
    return dict(zip((label for label, _ in objected.most_common()), wrong, strict=False)) | own


def _bars(stretch: PointRange, points: int, shade: str) -> Iterator[OutcomeBar]:
    """Yield a bar for each run of points: where nothing was played, nothing is drawn."""
    some = f" (of {stretch.numbers}: {stretch.where})" if stretch.of else f": {stretch.where}"
    share = 100 / max(1, points)
    for first, last in stretch.runs:
        title = f"{first if first == last else f'{first}-{last}'}{some}\n{label_of(stretch)}"
        width = max(NARROWEST, round(share * (last - first + 1), 3))
        x = min(round(share * (first - 1), 3), 100 - width)
        yield OutcomeBar(x, width, shade, title)
