"""The map of an exploration campaign: a lane per process, a bar per range of points with the same outcome."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from proctor.reports.coverage import Coverage, PointRange

MAX_SHADES = 5
"""Number of outcomes with a colour of their own, the most frequent first. The others share one colour."""
MAX_BAD_SHADES = 3
"""The same for outcomes that violate the requirement."""
BAD, SHARED = "bad", "shared"
MIN_WIDTH = 0.3
"""Minimum width of a bar, in percent of the lane, so that it stays visible."""


class PointOutcome(NamedTuple):
    """An outcome of a delivery. shade: its CSS class; points: the number of points with this outcome."""

    shade: str
    label: str
    points: int


class OutcomeBar(NamedTuple):
    """Consecutive points; x and width in percent of the lane. title: the tooltip."""

    x: float
    width: float
    shade: str
    title: str


class OutcomeMap(NamedTuple):
    """The map of one campaign. lanes: the bars by process."""

    explored: Coverage
    outcomes: list[PointOutcome]
    lanes: dict[str, list[OutcomeBar]]

    @property
    def visited(self) -> int:
        """Number of points that were tested."""
        return sum(stretch.visited for stretch in self.explored.stretches)


def outcome_label(stretch: PointRange) -> str:
    """Return the outcomes of a range of points, as text."""
    return "; ".join((*stretch.objected, *stretch.came))


def outcome_map(explored: Coverage) -> OutcomeMap:
    """Return the map of one campaign."""
    stretches = explored.stretches
    shades = _shades(stretches)
    points: Counter[str] = Counter()
    lanes: dict[str, list[OutcomeBar]] = {}
    for stretch in stretches:
        points[outcome_label(stretch)] += stretch.visited
        lanes.setdefault(stretch.process, []).extend(_bars(stretch, explored.points, shades[outcome_label(stretch)]))
    return OutcomeMap(explored, [PointOutcome(shade, label, points[label]) for label, shade in shades.items()], lanes)


def outcome_maps(found: Iterable[Coverage]) -> list[OutcomeMap]:
    """Return the maps of the campaigns that have one. A campaign about process order has none."""
    return [outcome_map(one) for one in found if one.stretches]


def _shades(stretches: Iterable[PointRange]) -> dict[str, str]:
    """Return the shade of each outcome: violations first, then by decreasing number of points."""
    violating: Counter[str] = Counter()
    passing: Counter[str] = Counter()
    for stretch in stretches:
        (violating if stretch.objected else passing)[outcome_label(stretch)] += stretch.visited
    good = {
        label: f"outcome{n}" if n <= MAX_SHADES else SHARED for n, (label, _) in enumerate(passing.most_common(), 1)
    }
    bad = (f"{BAD}{min(n, MAX_BAD_SHADES)}" for n in itertools.count(1))
    return dict(zip((label for label, _ in violating.most_common()), bad, strict=False)) | good


def _bars(stretch: PointRange, points: int, shade: str) -> Iterator[OutcomeBar]:
    """Yield a bar for each run of points. Untested points have none."""
    where = f" (of {stretch.numbers}: {stretch.where})" if stretch.of else f": {stretch.where}"
    share = 100 / max(1, points)
    for first, last in stretch.runs:
        title = f"{first if first == last else f'{first}-{last}'}{where}\n{outcome_label(stretch)}"
        width = max(MIN_WIDTH, round(share * (last - first + 1), 3))
        x = min(round(share * (first - 1), 3), 100 - width)
        yield OutcomeBar(x, width, shade, title)
