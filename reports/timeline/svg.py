"""The timeline as SVG: one element, for a file or for a page, light or dark.

Shapes carry the same information as colours. All text that comes from a launcher is escaped. The SVG has no script and
loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from proctor.harness.words import harmless
from proctor.reports.timeline.layout import Arrow, Bar, Mark, Timeline
from proctor.reports.timeline.shapes import KEY_HALF_HEIGHT, LEGEND, LEGEND_CLASSES, STYLE, shape
from proctor.reports.timeline.spacing import LABEL_OFFSET, LOST_RADIUS, birth_moments, gap_label, positions, text_width

LEFT_MARGIN, RIGHT_MARGIN = 140.0, 16.0
"""Pixels: the column of lane names; the right margin."""
LANE_HEIGHT, TRACK_HEIGHT = 52.0, 5.0
"""Pixels: between lanes; extra height of a lane for each signal that is pending at the same time as another."""
LABEL_HEIGHT, PENDING_OFFSET, BAR_HALF = 16.0, 11.5, 4.0
"""Pixels from the middle of a lane to its labels, to the lines of pending signals, and to the edge of a bar."""
MAX_DESCRIBED = 200
"""Marks in the text description."""


def svg(timeline: Timeline, title: str, style: bool = True) -> str:
    """Return the SVG element. style: include the style sheet; a page with several timelines needs it once."""
    return _Drawing(timeline).render(title, style)


def description(timeline: Timeline) -> str:
    """Return the text description: one line per mark."""
    lines = [
        f"{timeline.moments[mark.moment].time * 1e3:.2f} ms: {mark.text}" for mark in timeline.marks[:MAX_DESCRIBED]
    ]
    more = len(timeline.marks) - MAX_DESCRIBED
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])


def element(name: str, content: str = "", **attributes: object) -> str:
    """Return an element. "_" in attribute names becomes "-"; None omits an attribute. content: markup, not escaped."""
    markup = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_number(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{markup}>{content}</{name}>" if content else f"<{name}{markup}/>"


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


class _Drawing:
    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._x = [LEFT_MARGIN + 14.0 + x for x in positions(timeline)] or [LEFT_MARGIN]
        self._tracks = _tracks(timeline.arrows)
        self._y = list(self._middles())
        self._end = max([self._x[-1] + 20.0, *map(self._right_of, timeline.marks)])
        self._bottom = (self._y[-1] if self._y else 0.0) + 30.0

    def _middles(self) -> Iterator[float]:
        """Yield the y coordinate of the middle of each lane."""
        y = -18.0
        for lane in range(len(self._timeline.lanes)):
            y += LANE_HEIGHT + TRACK_HEIGHT * self._most_tracks(lane)
            yield y

    def _most_tracks(self, lane: int) -> int:
        """Return the number of additional tracks of a lane."""
        own = [track for arrow, track in self._tracks.items() if self._timeline.arrows[arrow].target == lane]
        return max(own, default=0)

    def _right_of(self, mark: Mark) -> float:
        return self._x[mark.moment] + LABEL_OFFSET + text_width(mark.label)

    def render(self, title: str, style: bool) -> str:
        legend, height = self._legend()
        parts = [
            element("title", escape(harmless(title))),
            element("desc", escape(description(self._timeline))),
            *([element("style", STYLE)] if style else []),
            *self._lanes(),
            *self._gaps(),
            *self._births(),
            *(self._bar(bar) for bar in self._timeline.bars),
            *self._state_labels(),
            *(self._arrow(number, arrow) for number, arrow in enumerate(self._timeline.arrows)),
            *(self._mark(mark) for mark in self._timeline.marks),
            *self._axis(),
            *legend,
        ]
        wide, high = self._end + RIGHT_MARGIN, self._bottom + 44.0 + height
        return element(
            "svg", "\n".join(parts), xmlns="http://www.w3.org/2000/svg", class_="proctor-timeline", role="img",
            viewBox=f"0 0 {wide:.0f} {high:.0f}", width=f"{wide:.0f}", height=f"{high:.0f}",
        )  # fmt: skip

    # -- background

    def _lanes(self) -> Iterator[str]:
        for y, lane in zip(self._y, self._timeline.lanes, strict=True):
            yield element("text", escape(lane.label), class_="lane", x=8, y=y + (0.0 if lane.note else 4.0))
            if lane.note:
                yield element("text", escape(lane.note), class_="note", x=8, y=y + 12.0)
        if self._timeline.left_out:
            text = f"{self._timeline.left_out} more processes"
            yield element("text", text, class_="note", x=8, y=self._bottom - 4.0)

    def _gaps(self) -> Iterator[str]:
        for moment in range(1, len(self._timeline.moments)):
            text = gap_label(self._timeline, moment)
            if text:
                left, right = self._x[moment - 1] + 6, self._x[moment] - 6
                yield element("rect", class_="gap", x=left, y=8, width=right - left, height=self._bottom - 8.0)
                yield element("text", escape(text), class_="note mid", x=(left + right) / 2, y=self._bottom + 30.0)

    def _births(self) -> Iterator[str]:
        for lane, moment in birth_moments(self._timeline).items():
            top, bottom = self._y[self._timeline.parents[lane]] + BAR_HALF, self._y[lane] - BAR_HALF
            yield element("path", class_="birth", d=f"M{self._x[moment]:.1f} {top:.1f}V{bottom:.1f}")

    def _bar(self, bar: Bar) -> str:
        y, left, right = self._y[bar.lane], self._x[bar.first], self._x[bar.last]
        if bar.first == bar.last:
            right += 8.0
        if bar.state in ("running", "orphaned"):
            return element(
                "rect", class_=f"s-{bar.state}", x=left, y=y - BAR_HALF, width=right - left, height=2 * BAR_HALF, rx=3
            )
        return element("path", class_=f"s-{bar.state}", d=f"M{left:.1f} {y:.1f}H{right:.1f}")

    def _state_labels(self) -> Iterator[str]:
        """Yield the names of states below bars that are long enough and that no arrow crosses."""
        for bar in self._timeline.bars:
            left, right = self._x[bar.first], self._x[bar.last]
            if bar.state not in ("orphaned", "zombie") or right - left < text_width(bar.state):
                continue
            crossed = any(
                left - 4 < self._x[arrow.first] < left + text_width(bar.state) + 4
                and min(arrow.source, self._target(arrow)) <= bar.lane < max(arrow.source, self._target(arrow))
                for arrow in self._timeline.arrows
            )
            if not crossed:
                yield element("text", bar.state, class_="note", x=left, y=self._y[bar.lane] + 16.0)

    # -- arrows

    def _target(self, arrow: Arrow) -> int:
        """Return the lane an arrow points to; if its target is unknown, the lane below its source."""
        down = min(arrow.source + 1, len(self._timeline.lanes) - 1)
        return down if arrow.target is None else arrow.target

    def _arrow(self, number: int, arrow: Arrow) -> str:
        target = self._target(arrow)
        down = 1.0 if target > arrow.source else -1.0
        x, y = self._x[arrow.first], self._y[arrow.source]
        to_x, to_y = self._x[arrow.last], self._y[target] - down * (BAR_HALF + 2)
        kind: str = arrow.kind
        if arrow.received is None:
            kind, end = "lost", self._y[target] - down * (PENDING_OFFSET + LOST_RADIUS)
            line = f"M{x:.1f} {y:.1f}V{end - down * LOST_RADIUS:.1f}"
            head = element("circle", cx=x, cy=end, r=LOST_RADIUS)
        elif arrow.first == arrow.last:
            start = y + down * KEY_HALF_HEIGHT if kind == "key" else y
            line, head = f"M{x:.1f} {start:.1f}V{to_y - down * 4:.1f}", _arrow_head(to_x, to_y, down)
        else:
            run = self._y[target] - down * (PENDING_OFFSET + TRACK_HEIGHT * self._tracks.get(number, 0))
            turn = f"V{run - down * 4:.1f}q0 {down * 4:.0f} 4 {down * 4:.0f}H{to_x:.1f}V{to_y - down * 4:.1f}"
            line, head = f"M{x:.1f} {y:.1f}{turn}", _arrow_head(to_x, to_y, down)
        parts = [element("title", escape(self._arrow_title(arrow))), element("path", d=line), head]
        if kind == "signal":
            parts.append(element("circle", class_="root", cx=x, cy=y, r=2.5))
        return element("g", "".join(parts), class_=f"arrow a-{kind}")

    def _arrow_title(self, arrow: Arrow) -> str:
        lanes = self._timeline.lanes
        to = "an unknown process" if arrow.target is None else lanes[arrow.target].label
        text = f"{arrow.label} from {lanes[arrow.source].label} to {to}"
        if arrow.received is None:
            return f"{text}: receipt not observed"
        return f"{text}, {arrow.sent * 1e3:.2f} ms to {arrow.received * 1e3:.2f} ms"

    # -- marks

    def _mark(self, mark: Mark) -> str:
        x, y = self._x[mark.moment], self._y[mark.lane]
        title = f"{self._timeline.moments[mark.moment].time * 1e3:.2f} ms: {mark.text}"
        parts = [element("title", escape(title)), shape(mark.kind, text_width(mark.label))]
        if mark.violated:
            parts.insert(1, element("circle", class_="ring", r=9))
        if mark.kind == "key":
            parts.append(element("text", escape(mark.label), class_="mid", y=4))
        elif mark.label:
            parts.append(
                element(
                    "text",
                    escape(mark.label),
                    x=LABEL_OFFSET,
                    y=-LABEL_HEIGHT - TRACK_HEIGHT * self._most_tracks(mark.lane),
                )
            )
        return element(
            "g", "".join(parts), class_=f"mark m-{mark.kind}" + (" violated" if mark.violated else ""),
            transform=f"translate({x:.1f} {y:.1f})", tabindex=0, data_event=mark.event,
        )  # fmt: skip

    # -- axis and legend

    def _axis(self) -> Iterator[str]:
        y = self._bottom
        yield element("path", class_="axis", d=f"M{LEFT_MARGIN:.1f} {y:.1f}H{self._end:.1f}")
        ticks = "".join(f"M{x:.1f} {y:.1f}v4" for x in self._x[: len(self._timeline.moments)])
        if ticks:
            yield element("path", class_="axis", d=ticks)
        for moment, text in self._ticks():
            yield element("text", text, class_="tick mid", x=self._x[moment], y=y + 16.0)
        yield element("text", "ms, not to scale", class_="note", x=8, y=y + 16.0)

    def _ticks(self) -> list[tuple[int, str]]:
        """Return the moments that get a time label: as many as fit, and always the last one."""
        times = [moment.time * 1e3 for moment in self._timeline.moments]
        found: list[tuple[int, str]] = []
        for moment, time in enumerate(times):
            text = f"{time:.{2 if time < 10 else 1 if time < 1000 else 0}f}"
            left = self._x[moment] - text_width(text) / 2
            while found and left < self._x[found[-1][0]] + text_width(found[-1][1]) / 2 + 6:
                if moment < len(times) - 1:
                    break
                found.pop()
            else:
                found.append((moment, text))
        return found

    def _legend(self) -> tuple[list[str], float]:
        """Return the legend for the shapes that are used, and its height in pixels."""
        used: set[str] = {bar.state for bar in self._timeline.bars}
        used |= {mark.kind for mark in self._timeline.marks}
        used |= {"lost"} if any(arrow.received is None for arrow in self._timeline.arrows) else set()
        used |= {"violated"} if any(mark.violated for mark in self._timeline.marks) else set()
        x, y, parts = 8.0, self._bottom + 50.0, []
        for name, text in LEGEND.items():
            if name not in used:
                continue
            if x > 8.0 and x + 30 + text_width(text) > self._end:
                x, y = 8.0, y + 18.0
            parts.append(
                element(
                    "g",
                    shape(name, 12.0),
                    class_=LEGEND_CLASSES.get(name, f"mark m-{name}"),
                    transform=f"translate({x + 10:.1f} {y - 4:.1f})",
                )
            )
            parts.append(element("text", escape(text), class_="note", x=x + 26.0, y=y))
            x += 44.0 + text_width(text) * 10 / 11
        return parts, (y - self._bottom - 34.0) if parts else 0.0


def _arrow_head(x: float, y: float, down: float) -> str:
    """Return the head of an arrow that points down (1.0) or up (-1.0)."""
    return element("path", class_="tip", d=f"M{x:.1f} {y:.1f}l-3.5 {-down * 6:.0f}h7z")


def _tracks(arrows: tuple[Arrow, ...]) -> dict[int, int]:
    """Return the track of each signal that is pending for some time. Signals that overlap in a lane get different
    tracks."""
    found: dict[int, int] = {}
    for number, arrow in enumerate(arrows):
        if arrow.received is None or arrow.first == arrow.last:
            continue
        taken = {
            track
            for other, track in found.items()
            if arrows[other].target == arrow.target and arrows[other].last > arrow.first
            and not (arrows[other].first == arrow.first and arrows[other].source == arrow.source)
        }  # fmt: skip
        found[number] = next(track for track in range(len(arrows)) if track not in taken)
    return found
