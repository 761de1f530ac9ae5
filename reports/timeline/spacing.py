"""Where the moments of a timeline stand on the x axis, so that no label meets another or a line that is not its own."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator

from proctor.reports.timeline.layout import Arrow, Mark, Moment, Timeline

LETTER = 6.7
"""Pixels of a letter of the labels: 11 pixels high, of one width (0.6 em in most such fonts)."""
NEXT_TO = 6.0
"""Pixels from the middle of a mark to its label."""
LEAST, AIR, ROUND = 18.0, 7.0, 9.0
"""Pixels between moments; between what stands side by side in a lane; from the middle of a mark to its side."""
LAST = 64.0
"""Pixels before the last moment: there it is said in what state everyone is left."""
LOST = 4.0
"""Pixels from the middle to the side of what an arrow that ends nowhere ends in."""
LONG = 0.01
"""Seconds after which it is written between two moments how long that was."""


def width(text: str) -> float:
    """Return the pixels that text takes; letters of East Asia take two places."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) * LETTER


def lasting(seconds: float) -> str:
    """Return a time as people say it: 12 µs, 3.45 ms, 2.1 s."""
    if seconds >= 1:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    if seconds >= 0.001:
        return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"
    return f"{seconds * 1e6:.0f} \u00b5s"


def gap(timeline: Timeline, moment: int) -> str:
    """Return what is written between a moment and the one before: how long that was, what is left out; mostly ""."""
    here: Moment = timeline.moments[moment]
    seconds = here.time - timeline.moments[moment - 1].time if moment else 0.0
    said = [f"{here.left_out} more events"] if here.left_out else []
    return ", ".join([*said, *([lasting(seconds)] if seconds >= LONG else [])])


def positions(timeline: Timeline) -> list[float]:
    """Return the x of each moment, from 0.0 for the first on."""
    taken: dict[int, float] = {}
    found: list[float] = []
    marks: dict[int, list[Mark]] = {}
    arrows: dict[int, list[Arrow]] = {}
    for mark in timeline.marks:
        marks.setdefault(mark.moment, []).append(mark)
    for arrow in timeline.arrows:
        arrows.setdefault(arrow.first, []).append(arrow)
    starts = births(timeline)
    for moment in range(len(timeline.moments)):
        born = [lane for lane, first in starts.items() if first == moment]
        wanted = [
            *_of_marks(marks.get(moment, [])),
            *_of_arrows(arrows.get(moment, [])),
            *((lane, 3.0, 3.0) for child in born for lane in range(timeline.parents[child] + 1, child)),
        ]
        x = found[-1] + _apart(timeline, moment) if found else 0.0
        x = max([x, *(taken[lane] + AIR + left for lane, left, _ in wanted if lane in taken)])
        for lane, _, right in wanted:
            taken[lane] = max(taken.get(lane, 0.0), x + right)
        found.append(x)
    return found


def births(timeline: Timeline) -> dict[int, int]:
    """Return the first moment of each lane whose parent stands in a lane above it."""
    first: dict[int, int] = {}
    for bar in timeline.bars:
        if timeline.parents.get(bar.lane, bar.lane) < bar.lane:
            first[bar.lane] = min(first.get(bar.lane, bar.first), bar.first)
    return first


def _apart(timeline: Timeline, moment: int) -> float:
    """Return how far a moment is from the one before at least: more after a long time, but not as much more."""
    seconds = timeline.moments[moment].time - timeline.moments[moment - 1].time
    by_time = LEAST * min(2.0, 0.25 * math.log10(1 + max(0.0, seconds) / 1e-4))
    said = gap(timeline, moment)
    at_end = LAST if moment == len(timeline.moments) - 1 else 0.0
    return max(LEAST + by_time, width(said) + 4 * AIR if said else 0.0, at_end)


def _of_marks(marks: list[Mark]) -> Iterator[tuple[int, float, float]]:
    """Yield the room that marks take: a lane, and pixels to the left and to the right."""
    for mark in marks:
        if mark.kind == "key":  # its label stands in it
            yield mark.lane, width(mark.label) / 2 + 6, width(mark.label) / 2 + 6
        else:
            yield mark.lane, ROUND, max(ROUND, NEXT_TO + width(mark.label) if mark.label else ROUND)


def _of_arrows(arrows: list[Arrow]) -> Iterator[tuple[int, float, float]]:
    """Yield the room that arrows take in the lanes that they cross, and in that to which they go."""
    for arrow in arrows:
        target = arrow.source + 1 if arrow.target is None else arrow.target
        room = 3.0 if arrow.received is not None else LOST + 3.0
        step = 1 if target > arrow.source else -1
        for lane in range(arrow.source + step, target + step, step):
            yield lane, room, room
