"""The timeline in a terminal: a column for each lane, a row for each moment, arrows from column to column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from proctor.reports.timeline.bars import LaneState
from proctor.reports.timeline.layout import Arrow, Mark, Timeline
from proctor.reports.timeline.marks import MarkKind
from proctor.reports.timeline.spacing import gap_label

MIN_NAME, MAX_NAME = 5, 12
"""Columns of a lane name."""
TIME_WIDTH = 20
"""Columns of the number and time of an event."""


class GlyphSet(NamedTuple):
    """The characters for states, marks and arrows. heads: of arrows to the left and to the right. lost_line: of an
    arrow without receipt. crossing: where an arrow crosses a lane. gap: before the label of a gap."""

    states: dict[LaneState, str]
    marks: dict[MarkKind, str]
    line: str
    heads: tuple[str, str]
    lost_line: str
    crossing: str
    gap: str


UNICODE = GlyphSet(
    {"open": "│", "running": "┃", "stopped": "┇", "held": "▒", "orphaned": "║", "zombie": "·"},
    {
        "start": "●", "sent": "○", "received": "●", "key": "□", "order": "□", "report": "•", "stop": "‖",
        "continue": "▷", "end": "×", "point": "◆", "hold": "╪", "call": "△", "output": "¶",
        "missed": "?", "trouble": "!", "note": "·",
    },
    "─", ("◀", "▶"), "╌", "┼", "⋮",
)  # fmt: skip
ASCII = GlyphSet(
    {"open": "'", "running": "|", "stopped": ":", "held": "%", "orphaned": "!", "zombie": "."},
    {
        "start": "+", "sent": "o", "received": "*", "key": "#", "order": "#", "report": ",", "stop": "=",
        "continue": "+", "end": "x", "point": "@", "hold": "I", "call": "^", "output": "=",
        "missed": "?", "trouble": "!", "note": ",",
    },
    "-", ("<", ">"), "~", "+", ":",
)  # fmt: skip
STYLES: dict[str, str] = {
    "running": "blue", "orphaned": "yellow", "stopped": "dim", "held": "dim", "zombie": "magenta", "open": "dim",
}  # fmt: skip


class TextRow(NamedTuple):
    """One row: the number and time of an event, the lanes, and the event in words."""

    when: str
    lanes: Text
    words: Text


def print_timeline(timeline: Timeline, console: Console) -> None:
    """Print a timeline: on a terminal with colours and wrapped to its width; otherwise in ASCII, one line per row."""
    if not console.is_terminal:
        for row in text_rows(timeline, unicode=False):
            console.print(Text.assemble(row.when, row.lanes, row.words), soft_wrap=True, highlight=False)
        return
    grid = Table.grid()
    for column in ("when", "lanes", "words"):
        grid.add_column(no_wrap=column != "words", overflow="fold")
    for row in text_rows(timeline, unicode=console.encoding.startswith("utf")):
        grid.add_row(Text(row.when, "dim"), row.lanes, row.words)
    console.print(grid, highlight=False)


def text_rows(timeline: Timeline, unicode: bool) -> Iterator[TextRow]:
    """Yield the rows; the first has the names of the lanes. unicode: whether characters beyond ASCII may be used."""
    return _RowBuilder(timeline, UNICODE if unicode else ASCII).all()


class _RowBuilder:
    def __init__(self, timeline: Timeline, glyphs: GlyphSet) -> None:
        self._timeline, self._glyphs = timeline, glyphs
        self._names = [
            set_cell_size(lane.label, max(MIN_NAME, min(MAX_NAME, cell_len(lane.label)))) for lane in timeline.lanes
        ]
        widths = [cell_len(name) for name in self._names]
        starts = accumulate((one + 2 for one in widths), initial=0)
        self._middles = [start + one // 2 for start, one in zip(starts, widths, strict=False)]
        self._width = sum(widths) + 2 * len(widths)

    def all(self) -> Iterator[TextRow]:
        timeline = self._timeline
        yield TextRow(" " * TIME_WIDTH, Text("".join(f"{name}  " for name in self._names), "bold"), Text(""))
        for number, moment in enumerate(timeline.moments):
            if label := gap_label(timeline, number):
                cells = self._cells(number, before=True)
                yield TextRow(" " * TIME_WIDTH, self._text(cells), Text(f"{self._glyphs.gap} {label}", "dim"))
            marks = [mark for mark in timeline.marks if mark.moment == number]
            if marks:
                yield self._row(number, moment.time, marks)
        if timeline.left_out:
            yield TextRow("", Text(""), Text(f"{timeline.left_out} more processes are not shown", "dim"))

    def _row(self, moment: int, time: float, marks: list[Mark]) -> TextRow:
        cells = self._cells(moment)
        for arrow in self._timeline.arrows:
            if moment == (arrow.first if arrow.received is None else arrow.last):
                self._draw(cells, arrow)
        violated = any(mark.violated for mark in marks)
        for mark in marks:
            cells[self._middles[mark.lane]] = (self._glyphs.marks[mark.kind], "bold red" if mark.violated else "bold")
        when = f"{marks[0].event:4} {time * 1e3:9.2f} ms {'!' if violated else ' '} "
        return TextRow(when, self._text(cells), Text(marks[0].text, "bold red" if violated else ""))

    def _cells(self, moment: int, before: bool = False) -> list[tuple[str, str]]:
        """Return the lanes at a moment, one character per column. before: without the states that begin there."""
        cells = [(" ", "")] * self._width
        for bar in self._timeline.bars:
            if bar.first < moment <= bar.last or (bar.first == moment and not before):
                cells[self._middles[bar.lane]] = (self._glyphs.states[bar.state], STYLES[bar.state])
        return cells

    def _text(self, cells: list[tuple[str, str]]) -> Text:
        return Text.assemble(*cells)

    def _draw(self, cells: list[tuple[str, str]], arrow: Arrow) -> None:
        """Draw an arrow into a row, up to the column before its target lane."""
        target = min(arrow.source + 1, len(self._middles) - 1) if arrow.target is None else arrow.target
        start, end = self._middles[arrow.source], self._middles[target]
        step = 1 if end > start else -1
        line = self._glyphs.lost_line if arrow.received is None else self._glyphs.line
        for at in range(start + step, end, step):
            crossing = at in self._middles and cells[at][0] != " "
            cells[at] = (self._glyphs.crossing if crossing else line, "cyan")
        if end != start:
            cells[end - step] = ("?" if arrow.received is None else self._glyphs.heads[step > 0], "cyan")
