"""The order in which schedules are played: the first ones are spread over all tasks and points, or over all kinds of
points."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from proctor.harness.explorer.survey import SurveyedPoint
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.schedule import Point

T = TypeVar("T")


def spread(planned: Iterable[PlannedSchedule]) -> list[PlannedSchedule]:
    """Order schedules so that an exploration that ends early has tested every region a little.

    They are played in rounds, each with one schedule of every point. A round takes the tasks in turn, and of each task
    points far from each other first. From one point of a task to the next it changes the stimulus. Schedules that are
    not about one point come first.
    """
    general: list[PlannedSchedule] = []
    at: dict[str, dict[Point, list[PlannedSchedule]]] = {}
    for one in planned:
        if one.site:
            at.setdefault(one.site.point.task, {}).setdefault(one.site.point, []).append(one)
        else:
            general.append(one)
    by_task = [
        [_from(n, schedules) for n, schedules in enumerate(_far_first(list(points.values())))] for points in at.values()
    ]
    return [*general, *_in_turn(list(_in_turn(by_task)))]


def spread_over_kinds(
    planned: Iterable[PlannedSchedule], kind_of: Callable[[Point], int], rank_of: Callable[[SurveyedPoint], int]
) -> list[PlannedSchedule]:
    """Order schedules so that one of each kind of points comes before two of any. kind_of: the kind of a point, a
    number; the lower one comes first. rank_of: which points of a kind come first. Of each rank the first and the last
    point come first, then points far from each other. From one point to the next, and from one kind to the next, the
    stimulus changes.
    """
    at: dict[int, dict[int, dict[Point, list[PlannedSchedule]]]] = {}
    sites = {one.site.point: one.site for one in planned if one.site}
    ranks = {point: rank_of(site) for point, site in sites.items()}
    for one in planned:
        if one.site:
            point = one.site.point
            at.setdefault(kind_of(point), {}).setdefault(ranks[point], {}).setdefault(point, []).append(one)
    by_kind = []
    for number, (_, by_rank) in enumerate(sorted(at.items())):
        points = [some for _, rank in sorted(by_rank.items()) for some in _ends_first(list(rank.values()))]
        by_kind.append([_from(number + n, schedules) for n, schedules in enumerate(points)])
    return list(_in_turn(list(_in_turn(by_kind))))


def _ends_first(items: Sequence[T]) -> list[T]:
    """Return the first and the last item, then the others, far from each other first."""
    return [*items[:1], *items[1:][-1:], *_far_first(items[1:-1])]


def _from(number: int, some: Sequence[T]) -> list[T]:
    """Return items in their order, beginning with this one of them, counted round."""
    start = number % len(some)
    return [*some[start:], *some[:start]]


def _far_first(items: Sequence[T]) -> list[T]:
    """Order items by the bits of their indexes, the lowest bit first: any number of first ones is spread evenly."""
    width = len(items).bit_length()
    return [items[n] for n in sorted(range(len(items)), key=lambda n: f"{n:0{width}b}"[::-1])]


def _in_turn(lists: Sequence[Sequence[T]]) -> Iterable[T]:
    """Yield the first item of each list, then the second of each, and so on."""
    for row in itertools.zip_longest(*lists):
        yield from (item for item in row if item is not None)
