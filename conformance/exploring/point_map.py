"""The map of an exploration: the points in order with their outcomes; neighbours with equal outcomes are folded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from proctor.harness.explorer.explore import PlayedSchedule
from proctor.harness.explorer.survey import SurveyedPoint
from proctor.reports.coverage import PointRange


def stretches(played: Sequence[PlayedSchedule], sites: Sequence[SurveyedPoint]) -> Iterator[PointRange]:
    """Fold what was played into ranges of points with equal outcome, each of one process. sites: all points."""
    numbers = {site.point: number for number, site in enumerate(sites, 1)}
    at: dict[int, list[PlayedSchedule]] = {}
    for one in played:
        if one.planned.site:
            at.setdefault(numbers[one.planned.site.point], []).append(one)
    rows = [(number, _outcomes(at[number])) for number in sorted(at)]
    for (process, outcomes), some in itertools.groupby(rows, lambda row: (sites[row[0] - 1].point.task, row[1])):
        runs = tuple(_runs(number for number, _ in some))
        start, end = (str(sites[number - 1].point) for number in (runs[0][0], runs[-1][1]))
        yield PointRange(process, runs, start, end, *outcomes)


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of consecutive numbers."""
    for _, some in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in some]
        yield run[0], run[-1]


def _outcomes(here: list[PlayedSchedule]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the outcomes at a point, without and with an objection. If they differ between signals, each outcome names
    its signals."""
    came: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    for one in here:
        what = one.planned.what.replace("deliver ", "").replace(" to launcher", "")
        came[bool(one.evaluation.objections)].setdefault(one.evaluation.label, []).append(what)
    several = len(came[0]) + len(came[1]) > 1
    sound, objected = (sorted(_told(label, what, several) for label, what in some.items()) for some in came)
    return tuple(sound), tuple(objected)


def _told(label: str, what: list[str], several: bool) -> str:
    return f"{label} ({'; '.join(dict.fromkeys(what))})" if several else label


def draw(found: Sequence[PointRange]) -> list[str]:
    """Return the map as lines of text; "!" marks outcomes with an objection."""
    lines = []
    for one in found:
        outcomes = [*(f"! {label}" for label in one.objected), *one.came]
        where = f"{one.where} ({one.of})" if one.of else one.where
        lines.append(f"{one.numbers:>9}  {where:62} {'; '.join(outcomes)}")
    return lines
