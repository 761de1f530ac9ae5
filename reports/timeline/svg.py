"""The timeline as SVG: one element that stands alone or in a page, light or dark, in colour or without.

What a colour says is said by a shape as well. Whatever a launcher has chosen is escaped; there is no script, and
nothing is loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from proctor.harness.words import harmless
from proctor.reports.timeline.layout import Arrow, Bar, Mark, Timeline
from proctor.reports.timeline.signs import CLASSES, KEY, LEGEND, STYLE, drawing
from proctor.reports.timeline.spacing import LOST, NEXT_TO, births, gap, positions, width

LEFT, RIGHT = 140.0, 16.0
"""Pixels for the names of lanes, and at the right."""
LANE, TRACK = 52.0, 5.0
"""Pixels from lane to lane, and more for each signal that is pending at the same time as another."""
OVER, RUN, BAR = 16.0, 11.5, 4.0
"""Pixels from a lane's middle up to its labels, to the signals that are pending there, and to the side of a bar."""
MOST_TOLD = 200
"""Marks that are told in the description."""


def svg(timeline: Timeline, title: str, style: bool = True) -> str:
    """Return the element. style: with its own style sheet; of several in one page one needs it."""
    return _Drawing(timeline).element(title, style)


def story(timeline: Timeline) -> str:
    """Return what happens in words, a line for each mark."""
    lines = [f"{timeline.moments[mark.moment].time * 1e3:.2f} ms: {mark.text}" for mark in timeline.marks[:MOST_TOLD]]
    more = len(timeline.marks) - MOST_TOLD
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])


def tag(name: str, content: str = "", **attributes: object) -> str:
    """Return an element; "_" in names stands for "-", and None leaves an attribute out. content is markup."""
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_number(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


class _Drawing:
    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._x = [LEFT + 14.0 + x for x in positions(timeline)] or [LEFT]
        self._tracks = _tracks(timeline.arrows)
        self._y = list(self._middles())
        self._end = max([self._x[-1] + 20.0, *map(self._right_of, timeline.marks)])
        self._bottom = (self._y[-1] if self._y else 0.0) + 30.0

    def _middles(self) -> Iterator[float]:
        """Yield the y of each lane's middle."""
        y = -18.0
        for lane in range(len(self._timeline.lanes)):
            y += LANE + TRACK * self._most_tracks(lane)
            yield y

    def _most_tracks(self, lane: int) -> int:
        """Return how many tracks a lane has beside its first one."""
        own = [track for arrow, track in self._tracks.items() if self._timeline.arrows[arrow].target == lane]
        return max(own, default=0)

    def _right_of(self, mark: Mark) -> float:
        return self._x[mark.moment] + NEXT_TO + width(mark.label)

    def element(self, title: str, style: bool) -> str:
        legend, height = self._legend()
        parts = [
            tag("title", escape(harmless(title))),
            tag("desc", escape(story(self._timeline))),
            *([tag("style", STYLE)] if style else []),
            *self._lanes(),
            *self._gaps(),
            *self._births(),
            *(self._bar(bar) for bar in self._timeline.bars),
            *self._captions(),
            *(self._arrow(number, arrow) for number, arrow in enumerate(self._timeline.arrows)),
            *(self._mark(mark) for mark in self._timeline.marks),
            *self._axis(),
            *legend,
        ]
        whole, high = self._end + RIGHT, self._bottom + 44.0 + height
        return tag(
            "svg", "\n".join(parts), xmlns="http://www.w3.org/2000/svg", class_="proctor-timeline", role="img",
            viewBox=f"0 0 {whole:.0f} {high:.0f}", width=f"{whole:.0f}", height=f"{high:.0f}",
        )  # fmt: skip

    # -- what stands behind everything

    def _lanes(self) -> Iterator[str]:
        for y, lane in zip(self._y, self._timeline.lanes, strict=True):
            yield tag("text", escape(lane.label), class_="lane", x=8, y=y + (0.0 if lane.note else 4.0))
            if lane.note:
                yield tag("text", escape(lane.note), class_="note", x=8, y=y + 12.0)
        if self._timeline.left_out:
            said = f"{self._timeline.left_out} more processes"
            yield tag("text", said, class_="note", x=8, y=self._bottom - 4.0)

    def _gaps(self) -> Iterator[str]:
        for moment in range(1, len(self._timeline.moments)):
            said = gap(self._timeline, moment)
            if said:
                left, right = self._x[moment - 1] + 6, self._x[moment] - 6
                yield tag("rect", class_="gap", x=left, y=8, width=right - left, height=self._bottom - 8.0)
                yield tag("text", escape(said), class_="note mid", x=(left + right) / 2, y=self._bottom + 30.0)

    def _births(self) -> Iterator[str]:
        for lane, moment in births(self._timeline).items():
            top, bottom = self._y[self._timeline.parents[lane]] + BAR, self._y[lane] - BAR
            yield tag("path", class_="birth", d=f"M{self._x[moment]:.1f} {top:.1f}V{bottom:.1f}")

    def _bar(self, bar: Bar) -> str:
        y, left, right = self._y[bar.lane], self._x[bar.first], self._x[bar.last]
        if bar.first == bar.last:
            right += 8.0
        if bar.state in ("running", "orphaned"):
            return tag("rect", class_=f"s-{bar.state}", x=left, y=y - BAR, width=right - left, height=2 * BAR, rx=3)
        return tag("path", class_=f"s-{bar.state}", d=f"M{left:.1f} {y:.1f}H{right:.1f}")

    def _captions(self) -> Iterator[str]:
        """Yield the names of states, below bars that are long enough and where no arrow passes."""
        for bar in self._timeline.bars:
            left, right = self._x[bar.first], self._x[bar.last]
            if bar.state not in ("orphaned", "zombie") or right - left < width(bar.state):
                continue
            crossed = any(
                left - 4 < self._x[arrow.first] < left + width(bar.state) + 4
                and min(arrow.source, self._target(arrow)) <= bar.lane < max(arrow.source, self._target(arrow))
                for arrow in self._timeline.arrows
            )
            if not crossed:
                yield tag("text", bar.state, class_="note", x=left, y=self._y[bar.lane] + 16.0)

    # -- arrows

    def _target(self, arrow: Arrow) -> int:
        """Return the lane to which an arrow points; of one that is for nobody we know, that below."""
        down = min(arrow.source + 1, len(self._timeline.lanes) - 1)
        return down if arrow.target is None else arrow.target

    def _arrow(self, number: int, arrow: Arrow) -> str:
        target = self._target(arrow)
        down = 1.0 if target > arrow.source else -1.0
        x, y = self._x[arrow.first], self._y[arrow.source]
        to_x, to_y = self._x[arrow.last], self._y[target] - down * (BAR + 2)
        kind: str = arrow.kind
        if arrow.received is None:
            kind, end = "lost", self._y[target] - down * (RUN + LOST)
            line = f"M{x:.1f} {y:.1f}V{end - down * LOST:.1f}"
            tip = tag("circle", cx=x, cy=end, r=LOST)
        elif arrow.first == arrow.last:
            start = y + down * KEY if kind == "key" else y
            line, tip = f"M{x:.1f} {start:.1f}V{to_y - down * 4:.1f}", _tip(to_x, to_y, down)
        else:
            run = self._y[target] - down * (RUN + TRACK * self._tracks.get(number, 0))
            turn = f"V{run - down * 4:.1f}q0 {down * 4:.0f} 4 {down * 4:.0f}H{to_x:.1f}V{to_y - down * 4:.1f}"
            line, tip = f"M{x:.1f} {y:.1f}{turn}", _tip(to_x, to_y, down)
        parts = [tag("title", escape(self._told(arrow))), tag("path", d=line), tip]
        if kind == "signal":
            parts.append(tag("circle", class_="root", cx=x, cy=y, r=2.5))
        return tag("g", "".join(parts), class_=f"arrow a-{kind}")

    def _told(self, arrow: Arrow) -> str:
        lanes = self._timeline.lanes
        to = "an unknown process" if arrow.target is None else lanes[arrow.target].label
        said = f"{arrow.label} from {lanes[arrow.source].label} to {to}"
        if arrow.received is None:
            return f"{said}: receipt not observed"
        return f"{said}, {arrow.sent * 1e3:.2f} ms to {arrow.received * 1e3:.2f} ms"

    # -- marks

    def _mark(self, mark: Mark) -> str:
        x, y = self._x[mark.moment], self._y[mark.lane]
        told = f"{self._timeline.moments[mark.moment].time * 1e3:.2f} ms: {mark.text}"
        parts = [tag("title", escape(told)), drawing(mark.kind, width(mark.label))]
        if mark.violated:
            parts.insert(1, tag("circle", class_="ring", r=9))
        if mark.kind == "key":
            parts.append(tag("text", escape(mark.label), class_="mid", y=4))
        elif mark.label:
            parts.append(tag("text", escape(mark.label), x=NEXT_TO, y=-OVER - TRACK * self._most_tracks(mark.lane)))
        return tag(
            "g", "".join(parts), class_=f"mark m-{mark.kind}" + (" violated" if mark.violated else ""),
            transform=f"translate({x:.1f} {y:.1f})", tabindex=0, data_event=mark.event,
        )  # fmt: skip

    # -- below

    def _axis(self) -> Iterator[str]:
        y = self._bottom
        yield tag("path", class_="axis", d=f"M{LEFT:.1f} {y:.1f}H{self._end:.1f}")
        ticks = "".join(f"M{x:.1f} {y:.1f}v4" for x in self._x[: len(self._timeline.moments)])
        if ticks:
            yield tag("path", class_="axis", d=ticks)
        for moment, said in self._ticks():
            yield tag("text", said, class_="tick mid", x=self._x[moment], y=y + 16.0)
        yield tag("text", "ms, not to scale", class_="note", x=8, y=y + 16.0)

    def _ticks(self) -> list[tuple[int, str]]:
        """Return the moments whose times are written, as many as there is room for: the last in any case."""
        times = [moment.time * 1e3 for moment in self._timeline.moments]
        found: list[tuple[int, str]] = []
        for moment, time in enumerate(times):
            said = f"{time:.{2 if time < 10 else 1 if time < 1000 else 0}f}"
            left = self._x[moment] - width(said) / 2
            while found and left < self._x[found[-1][0]] + width(found[-1][1]) / 2 + 6:
                if moment < len(times) - 1:
                    break
                found.pop()
            else:
                found.append((moment, said))
        return found

    def _legend(self) -> tuple[list[str], float]:
        """Return what explains the shapes that there are, and how high that is."""
        there: set[str] = {bar.state for bar in self._timeline.bars}
        there |= {mark.kind for mark in self._timeline.marks}
        there |= {"lost"} if any(arrow.received is None for arrow in self._timeline.arrows) else set()
        there |= {"violated"} if any(mark.violated for mark in self._timeline.marks) else set()
        x, y, parts = 8.0, self._bottom + 50.0, []
        for name, said in LEGEND.items():
            if name not in there:
                continue
            if x > 8.0 and x + 30 + width(said) > self._end:
                x, y = 8.0, y + 18.0
            parts.append(
                tag(
                    "g",
                    drawing(name, 12.0),
                    class_=CLASSES.get(name, f"mark m-{name}"),
                    transform=f"translate({x + 10:.1f} {y - 4:.1f})",
                )
            )
            parts.append(tag("text", escape(said), class_="note", x=x + 26.0, y=y))
            x += 44.0 + width(said) * 10 / 11
        return parts, (y - self._bottom - 34.0) if parts else 0.0


def _tip(x: float, y: float, down: float) -> str:
    """Return the head of an arrow that comes from above (1.0) or from below (-1.0)."""
    return tag("path", class_="tip", d=f"M{x:.1f} {y:.1f}l-3.5 {-down * 6:.0f}h7z")


def _tracks(arrows: tuple[Arrow, ...]) -> dict[int, int]:
    """Return the track of each signal that is pending for some time, so that no two of a lane lie on each other."""
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
