"""The map of an exploration: the points in order, and what came of a delivery at each; like neighbours are folded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from harness.explorer.explore import Played
from harness.schedule import Point


class Stretch(NamedTuple):
    """Neighbouring points at which the same came of everything."""

    first: int
    last: int
    points: tuple[Point, ...]
    outcomes: tuple[str, ...]


def stretches(played: list[Played]) -> Iterator[Stretch]:
    """Fold what was played into stretches of equal outcome, of one process each."""
    at: dict[Point, list[Played]] = {}
    for one in played:
        if one.planned.site:
            at.setdefault(one.planned.site.point, []).append(one)
    orders = {one.planned.site.point: one.planned.site.order for one in played if one.planned.site}
    numbered = [(n, point, _outcomes(at[point])) for n, point in enumerate(sorted(at, key=orders.__getitem__), 1)]
    for (_, outcomes), some in itertools.groupby(numbered, key=lambda row: (row[1].task, row[2])):
        rows = list(some)
        yield Stretch(rows[0][0], rows[-1][0], tuple(point for _, point, _ in rows), outcomes)


def _outcomes(here: list[Played]) -> tuple[str, ...]:
    return tuple(sorted({("! " if one.opinion.objections else "") + one.opinion.label for one in here}))


def draw(played: list[Played]) -> list[str]:
    """Return the map as lines of text; "!" marks what was objected to."""
    lines = []
    for stretch in stretches(played):
        numbers = f"{stretch.first}" + (f"-{stretch.last}" if stretch.last > stretch.first else "")
        first, last = stretch.points[0], stretch.points[-1]
        where = str(first) if first == last else f"{first} .. {str(last).removeprefix(last.task + ' ')}"
        lines.append(f"{numbers:>9}  {where:62} {'; '.join(stretch.outcomes)}")
    return lines
