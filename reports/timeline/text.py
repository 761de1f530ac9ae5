"""The timeline in a terminal: a column for each lane, a row for each moment, arrows from column to column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from proctor.reports.timeline.bars import State
from proctor.reports.timeline.layout import Arrow, Mark, Timeline
from proctor.reports.timeline.marks import Kind
from proctor.reports.timeline.spacing import gap

LEAST, WIDEST = 5, 12
"""Columns of a lane's name."""
WHEN = 20
"""Columns of the number and the time of an event."""


class TextSigns(NamedTuple):
    """The characters that are drawn with: of states, of marks, of arrows, and of what ends nowhere."""

    states: dict[State, str]
    marks: dict[Kind, str]
    line: str
    tips: tuple[str, str]
    lost: str
    crossed: str
    waits: str


UNICODE = TextSigns(
    {"open": "│", "running": "┃", "stopped": "┇", "held": "▒", "orphaned": "║", "zombie": "·"},
    {
        "start": "●", "sent": "○", "received": "●", "key": "□", "order": "□", "report": "•", "stop": "‖",
        "continue": "▷", "end": "×", "point": "◆", "hold": "╪", "call": "△", "output": "¶",
        "missed": "?", "trouble": "!", "note": "·",
    },
    "─", ("◀", "▶"), "╌", "┼", "⋮",
)  # fmt: skip
ASCII = TextSigns(
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
    """One row: number and time of an event, the lanes, and what happened in words."""

    when: str
    lanes: Text
    words: Text


def show(timeline: Timeline, console: Console) -> None:
    """Print a timeline: on a terminal with colours, in its width; else in plain ASCII, a line for each row."""
    if not console.is_terminal:
        for row in rows(timeline, unicode=False):
            console.print(Text.assemble(row.when, row.lanes, row.words), soft_wrap=True, highlight=False)
        return
    grid = Table.grid()
    for column in ("when", "lanes", "words"):
        grid.add_column(no_wrap=column != "words", overflow="fold")
    for row in rows(timeline, unicode=console.encoding.startswith("utf")):
        grid.add_row(Text(row.when, "dim"), row.lanes, row.words)
    console.print(grid, highlight=False)


def rows(timeline: Timeline, unicode: bool) -> Iterator[TextRow]:
    """Yield the rows, the names of the lanes first. unicode: whether more than ASCII may be used."""
    return _Rows(timeline, UNICODE if unicode else ASCII).all()


class _Rows:
    def __init__(self, timeline: Timeline, signs: TextSigns) -> None:
        self._timeline, self._signs = timeline, signs
        self._names = [
            set_cell_size(lane.label, max(LEAST, min(WIDEST, cell_len(lane.label)))) for lane in timeline.lanes
        ]
        wide = [cell_len(name) for name in self._names]
        starts = accumulate((one + 2 for one in wide), initial=0)
        self._middles = [start + one // 2 for start, one in zip(starts, wide, strict=False)]
        self._wide = sum(wide) + 2 * len(wide)

    def all(self) -> Iterator[TextRow]:
        timeline = self._timeline
        yield TextRow(" " * WHEN, Text("".join(f"{name}  " for name in self._names), "bold"), Text(""))
        for number, moment in enumerate(timeline.moments):
            if said := gap(timeline, number):
                cells = self._cells(number, before=True)
                yield TextRow(" " * WHEN, self._text(cells), Text(f"{self._signs.waits} {said}", "dim"))
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
            cells[self._middles[mark.lane]] = (self._signs.marks[mark.kind], "bold red" if mark.violated else "bold")
        when = f"{marks[0].event:4} {time * 1e3:9.2f} ms {'!' if violated else ' '} "
        return TextRow(when, self._text(cells), Text(marks[0].text, "bold red" if violated else ""))

    def _cells(self, moment: int, before: bool = False) -> list[tuple[str, str]]:
        """Return the lanes at a moment, a character for each column; a state that begins there is in it, unless it is
        asked for what was before."""
        cells = [(" ", "")] * self._wide
        for bar in self._timeline.bars:
            if bar.first < moment <= bar.last or (bar.first == moment and not before):
                cells[self._middles[bar.lane]] = (self._signs.states[bar.state], STYLES[bar.state])
        return cells

    def _text(self, cells: list[tuple[str, str]]) -> Text:
        return Text.assemble(*cells)

    def _draw(self, cells: list[tuple[str, str]], arrow: Arrow) -> None:
        """Draw an arrow into a row, up to the column before that of its target."""
        target = min(arrow.source + 1, len(self._middles) - 1) if arrow.target is None else arrow.target
        start, end = self._middles[arrow.source], self._middles[target]
        step = 1 if end > start else -1
        line = self._signs.lost if arrow.received is None else self._signs.line
        for at in range(start + step, end, step):
            crossed = at in self._middles and cells[at][0] != " "
            cells[at] = (self._signs.crossed if crossed else line, "cyan")
        if end != start:
            cells[end - step] = ("?" if arrow.received is None else self._signs.tips[step > 0], "cyan")
