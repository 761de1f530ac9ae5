"""The x positions of the moments of a timeline, chosen so that labels overlap neither each other nor foreign lines."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator

from proctor.reports.timeline.layout import Arrow, Mark, Moment, Timeline

CHARACTER_WIDTH = 6.7
"""Pixels per character of a label: monospaced, 11 pixels high (0.6 em wide in most such fonts)."""
LABEL_OFFSET = 6.0
"""Pixels from the middle of a mark to its label."""
MIN_STEP, PADDING, MARK_RADIUS = 18.0, 7.0, 9.0
"""Pixels: minimum distance of two moments; space between items of a lane; radius of a mark."""
MIN_LAST_STEP = 64.0
"""Minimum pixels before the last moment, where the final states are labelled."""
LOST_RADIUS = 4.0
"""Radius in pixels of the circle at the end of an arrow without receipt."""
LONG_WAIT = 0.01
"""Seconds. A longer time between two moments is labelled with its duration."""


def text_width(text: str) -> float:
    """Return the width of a text in pixels. East Asian wide characters count twice."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) * CHARACTER_WIDTH


def duration(seconds: float) -> str:
    """Return a duration with a suitable unit: 12 µs, 3.5 ms, 2.10 s."""
    if seconds >= 1:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    if seconds >= 0.001:
        return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"
    return f"{seconds * 1e6:.0f} \u00b5s"


def gap_label(timeline: Timeline, moment: int) -> str:
    """Return the label between a moment and the one before: omitted events and a long duration; usually ""."""
    here: Moment = timeline.moments[moment]
    seconds = here.time - timeline.moments[moment - 1].time if moment else 0.0
    labels = [f"{here.left_out} more events"] if here.left_out else []
    return ", ".join([*labels, *([duration(seconds)] if seconds >= LONG_WAIT else [])])


def positions(timeline: Timeline) -> list[float]:
    """Return the x position of each moment in pixels, starting at 0.0."""
    taken: dict[int, float] = {}
    found: list[float] = []
    marks: dict[int, list[Mark]] = {}
    arrows: dict[int, list[Arrow]] = {}
    for mark in timeline.marks:
        marks.setdefault(mark.moment, []).append(mark)
    for arrow in timeline.arrows:
        arrows.setdefault(arrow.first, []).append(arrow)
    starts = birth_moments(timeline)
    for moment in range(len(timeline.moments)):
        born = [lane for lane, first in starts.items() if first == moment]
        wanted = [
            *_mark_extents(marks.get(moment, [])),
            *_arrow_extents(arrows.get(moment, [])),
            *((lane, 3.0, 3.0) for child in born for lane in range(timeline.parents[child] + 1, child)),
        ]
        x = found[-1] + _min_step(timeline, moment) if found else 0.0
        x = max([x, *(taken[lane] + PADDING + left for lane, left, _ in wanted if lane in taken)])
        for lane, _, right in wanted:
            taken[lane] = max(taken.get(lane, 0.0), x + right)
        found.append(x)
    return found


def birth_moments(timeline: Timeline) -> dict[int, int]:
    """Return the first moment of each lane whose parent process is in a lane above it."""
    first: dict[int, int] = {}
    for bar in timeline.bars:
        if timeline.parents.get(bar.lane, bar.lane) < bar.lane:
            first[bar.lane] = min(first.get(bar.lane, bar.first), bar.first)
    return first


def _min_step(timeline: Timeline, moment: int) -> float:
    """Return the minimum distance in pixels to the moment before. It grows with the logarithm of the time between."""
    seconds = timeline.moments[moment].time - timeline.moments[moment - 1].time
    by_time = MIN_STEP * min(2.0, 0.25 * math.log10(1 + max(0.0, seconds) / 1e-4))
    label = gap_label(timeline, moment)
    at_end = MIN_LAST_STEP if moment == len(timeline.moments) - 1 else 0.0
    return max(MIN_STEP + by_time, text_width(label) + 4 * PADDING if label else 0.0, at_end)


def _mark_extents(marks: list[Mark]) -> Iterator[tuple[int, float, float]]:
    """Yield the space that marks need: a lane, and pixels to the left and to the right."""
    for mark in marks:
        if mark.kind == "key":  # the label is inside the mark
            yield mark.lane, text_width(mark.label) / 2 + 6, text_width(mark.label) / 2 + 6
        else:
            yield (
                mark.lane,
                MARK_RADIUS,
                max(MARK_RADIUS, LABEL_OFFSET + text_width(mark.label) if mark.label else MARK_RADIUS),
            )


def _arrow_extents(arrows: list[Arrow]) -> Iterator[tuple[int, float, float]]:
    """Yield the space that arrows need in the lanes they cross and in their target lane."""
    for arrow in arrows:
        target = arrow.source + 1 if arrow.target is None else arrow.target
        space = 3.0 if arrow.received is not None else LOST_RADIUS + 3.0
        step = 1 if target > arrow.source else -1
        for lane in range(arrow.source + step, target + step, step):
            yield lane, space, space
