"""The matrix as the page shows it: launchers as columns, requirements as lines by chapter."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from proctor.reports.coverage import Coverage
from proctor.reports.html.prose import RESERVED, slugs
from proctor.reports.markdown import SIGNS
from proctor.reports.results import RequirementText, Results, Row, Verdict

Mark = str
"""How a verdict looks: the verdict in one word, but that a MUST and a SHOULD fail differently."""
MARKS: dict[Verdict, Mark] = {
    "pass": "pass", "fail": "fail", "error": "error", "unstable": "unstable", "declared deviation": "declared",
    "not applicable": "na", "not observable": "nobs", "not built": "none",
}  # fmt: skip
LEGEND: dict[Mark, tuple[str, str]] = {
    "fail": (SIGNS["fail"], "MUST failed"),
    "should": (SIGNS["fail"], "SHOULD failed"),
    "error": (SIGNS["error"], "harness error"),
    "unstable": (SIGNS["unstable"], "unstable"),
    "declared": (SIGNS["declared deviation"], "declared deviation"),
    "pass": (SIGNS["pass"], "pass"),
    "nobs": (SIGNS["not observable"], "not observable"),
    "na": (SIGNS["not applicable"], "not applicable"),
}
"""Sign and words of each mark, worst first."""
NOT_RUN = Row("", "not built")
UNKNOWN = RequirementText("", "")


class Column(NamedTuple):
    """A launcher. must, should: how many of either fail; shares: marks with how much of all that was run has them, in
    percent. twin: whether another has the same name, as another version of it has; which: where it has the same version
    too, as before and after a change, which of them this is, from 1; else 0."""

    slug: str
    document: Results
    is_twin: bool
    which: int
    must: int
    should: int
    shares: tuple[tuple[Mark, float], ...]

    @property
    def label(self) -> str:
        """What tells this launcher from the others: its name, and its version where that is needed."""
        name = self.document.target.name
        return f"{name} {self.told_version}" if self.is_twin else name

    @property
    def told_version(self) -> str:
        """The version, and which of several of this version it is."""
        return f"{self.version} [{self.which}]" if self.which else self.version

    @property
    def version(self) -> str:
        """The number out of what the launcher says of its version."""
        return _version(self.document)


class Cell(NamedTuple):
    """One launcher and one requirement. has_page: whether there is more to tell than a line."""

    column: Column
    row: Row
    mark: Mark
    sign: str
    has_page: bool
    explored: tuple[Coverage, ...] = ()


class Line(NamedTuple):
    """A requirement."""

    slug: str
    name: str
    requirement: RequirementText
    cells: tuple[Cell, ...]

    @property
    def is_judged(self) -> bool:
        """Whether any launcher was judged by it."""
        return any(cell.mark not in ("none", "na") for cell in self.cells)

    @property
    def by_mark(self) -> dict[Mark, list[Cell]]:
        """The cells by mark, the worst first."""
        found = {mark: [cell for cell in self.cells if cell.mark == mark] for mark in (*LEGEND, "none")}
        return {mark: cells for mark, cells in found.items() if cells}


class Matrix(NamedTuple):
    """All of it; lines by the name of their chapter, in order."""

    columns: tuple[Column, ...]
    chapters: dict[str, tuple[Line, ...]]

    @property
    def lines(self) -> list[Line]:
        """All lines, in order."""
        return [line for lines in self.chapters.values() for line in lines]

    @property
    def judged(self) -> list[Line]:
        """The lines by which any launcher was judged."""
        return [line for line in self.lines if line.is_judged]

    def count(self, mark: Mark) -> int:
        """Return how many cells have this mark."""
        return sum(cell.mark == mark for line in self.lines for cell in line.cells)


def mark_of(row: Row) -> Mark:
    """Return how the verdict of a row looks."""
    return "should" if row.verdict == "fail" and not row.binds else MARKS[row.verdict]


def matrix(documents: list[Results]) -> Matrix:
    """Return the matrix of these results."""
    names = [document.target.name for document in documents]
    twins = (names.count(name) > 1 for name in names)
    pairs = [(document.target.name, _version(document)) for document in documents]
    which = (pairs[: n + 1].count(pair) if pairs.count(pair) > 1 else 0 for n, pair in enumerate(pairs))
    columns = tuple(map(_column, slugs(names), documents, twins, which))
    known: dict[str, RequirementText] = {}
    for document in documents:
        for name, row in document.requirements.items():
            said = document.spec.requirements.get(name, RequirementText(row.level, ""))
            if name not in known or not known[name].sentence:
                known[name] = said
    chapters: dict[str, list[Line]] = {}
    for slug, (name, requirement) in zip(slugs(known, RESERVED), known.items(), strict=True):
        cells = tuple(_cell(column, name) for column in columns)
        chapter = requirement.chapter or name.rpartition("-")[0] or name
        chapters.setdefault(chapter, []).append(Line(slug, name, requirement, cells))
    return Matrix(columns, {chapter: tuple(lines) for chapter, lines in chapters.items()})


def _version(document: Results) -> str:
    said = document.target.version
    number = re.search(r"\d+(\.\d+)+\S*?(?=[\s)\],]|$)", said)
    return number[0] if number else said


def _column(slug: str, document: Results, is_twin: bool, which: int) -> Column:
    marks = Counter(map(mark_of, document.requirements.values()))
    shown = [mark for mark in LEGEND if mark not in ("na", "none") and marks[mark]]
    total = sum(marks[mark] for mark in shown)
    shares = tuple((mark, round(100 * marks[mark] / total, 2)) for mark in shown)
    return Column(slug, document, is_twin, which, marks["fail"], marks["should"], shares)


def _cell(column: Column, name: str) -> Cell:
    row = column.document.requirements.get(name, NOT_RUN)
    explored = tuple(one for one in column.document.explored if one.requirement == name)
    has_map = any(one.stretches for one in explored)
    has_page = bool(row.violations) or has_map or any(one.requirement == name for one in column.document.failures)
    return Cell(column, row, mark_of(row), SIGNS[row.verdict], has_page, explored)
