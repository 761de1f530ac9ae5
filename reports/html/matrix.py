"""The matrix of the page: launchers as columns, requirements as lines by chapter."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from proctor.reports.coverage import Coverage
from proctor.reports.html.markup import RESERVED_SLUGS, slugs
from proctor.reports.markdown import SYMBOLS
from proctor.reports.results import RequirementText, Results, Row, Verdict

VerdictMark = str
"""The key of a verdict's appearance, used in CSS classes. A failed MUST and a failed SHOULD look different."""
MARK_OF_VERDICT: dict[Verdict, VerdictMark] = {
    "pass": "pass", "fail": "fail", "error": "error", "unstable": "unstable", "declared deviation": "declared",
    "not applicable": "na", "not observable": "nobs", "not run": "none", "partial": "partial",
}  # fmt: skip
LEGEND: dict[VerdictMark, tuple[str, str]] = {
    "fail": (SYMBOLS["fail"], "MUST failed"),
    "should": (SYMBOLS["fail"], "SHOULD failed"),
    "error": (SYMBOLS["error"], "harness error"),
    "unstable": (SYMBOLS["unstable"], "unstable"),
    "declared": (SYMBOLS["declared deviation"], "declared deviation"),
    "partial": (SYMBOLS["partial"], "partial"),
    "pass": (SYMBOLS["pass"], "pass"),
    "nobs": (SYMBOLS["not observable"], "not observable"),
    "na": (SYMBOLS["not applicable"], "not applicable"),
}
"""Symbol and words of each mark, worst first."""
NOT_RUN = Row("", "not run")
UNKNOWN = RequirementText("", "")


class Column(NamedTuple):
    """A launcher. must, should: numbers of failed requirements; shares: the percentage of each mark among the evaluated
    requirements. has_duplicate_name: another column has the same name, for example another version. copy: the number,
    from 1, among columns of the same name and version; 0 if there is only one."""

    slug: str
    document: Results
    has_duplicate_name: bool
    copy: int
    must: int
    should: int
    shares: tuple[tuple[VerdictMark, float], ...]

    @property
    def label(self) -> str:
        """A unique label: the name, and the version if needed."""
        name = self.document.target.name
        return f"{name} {self.shown_version}" if self.has_duplicate_name else name

    @property
    def shown_version(self) -> str:
        """The version, and the copy number if several columns have this version."""
        return f"{self.version} [{self.copy}]" if self.copy else self.version

    @property
    def version(self) -> str:
        """The version number in the launcher's version text."""
        return _version(self.document)


class Cell(NamedTuple):
    """One launcher and one requirement. has_page: whether it has a page of its own."""

    column: Column
    row: Row
    mark: VerdictMark
    symbol: str
    has_page: bool
    explored: tuple[Coverage, ...] = ()


class RequirementLine(NamedTuple):
    """A requirement: one row of the matrix."""

    slug: str
    name: str
    requirement: RequirementText
    cells: tuple[Cell, ...]

    @property
    def is_evaluated(self) -> bool:
        """Whether any launcher was evaluated against it."""
        return any(cell.mark not in ("none", "na") for cell in self.cells)

    @property
    def by_mark(self) -> dict[VerdictMark, list[Cell]]:
        """The cells by mark, worst first."""
        found = {mark: [cell for cell in self.cells if cell.mark == mark] for mark in (*LEGEND, "none")}
        return {mark: cells for mark, cells in found.items() if cells}


@dataclass(frozen=True)
class Matrix:
    """The whole matrix. chapters: lines by chapter name, in order. What is derived from these is made only once: the
    templates ask for it on the page of each requirement and of each launcher."""

    columns: tuple[Column, ...]
    chapters: dict[str, tuple[RequirementLine, ...]]

    @cached_property
    def lines(self) -> list[RequirementLine]:
        """All lines, in order."""
        return [line for lines in self.chapters.values() for line in lines]

    @cached_property
    def evaluated(self) -> list[RequirementLine]:
        """The lines against which any launcher was evaluated."""
        return [line for line in self.lines if line.is_evaluated]

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each line in `evaluated`, by the line's slug."""
        return {line.slug: place for place, line in enumerate(self.evaluated)}

    @cached_property
    def counts(self) -> Counter[VerdictMark]:
        """The number of cells with each mark."""
        return Counter(cell.mark for line in self.lines for cell in line.cells)


def mark_of(row: Row) -> VerdictMark:
    """Return the mark of a row."""
    return "should" if row.verdict == "fail" and not row.is_mandatory else MARK_OF_VERDICT[row.verdict]


def matrix(documents: list[Results]) -> Matrix:
    """Return the matrix of several results."""
    names = [document.target.name for document in documents]
    of_name = Counter(names)
    duplicates = (of_name[name] > 1 for name in names)
    columns = tuple(map(_column, slugs(names), documents, duplicates, _copies(documents)))
    known: dict[str, RequirementText] = {}
    for document in documents:
        for name, row in document.requirements.items():
            text = document.spec.requirements.get(name, RequirementText(row.level, ""))
            if name not in known or not known[name].sentence:
                known[name] = text
    details = [(_explored(document), {one.requirement for one in document.failures}) for document in documents]
    chapters: dict[str, list[RequirementLine]] = {}
    for slug, (name, requirement) in zip(slugs(known, RESERVED_SLUGS), known.items(), strict=True):
        cells = tuple(_cell(column, name, *one) for column, one in zip(columns, details, strict=True))
        chapter = requirement.chapter or name.rpartition("-")[0] or name
        chapters.setdefault(chapter, []).append(RequirementLine(slug, name, requirement, cells))
    return Matrix(columns, {chapter: tuple(lines) for chapter, lines in chapters.items()})


def _copies(documents: list[Results]) -> list[int]:
    """Return `copy` of each column."""
    pairs = [(document.target.name, _version(document)) for document in documents]
    total, so_far = Counter(pairs), Counter[tuple[str, str]]()
    copies = []
    for pair in pairs:
        so_far[pair] += 1
        copies.append(so_far[pair] if total[pair] > 1 else 0)
    return copies


def _explored(document: Results) -> dict[str, tuple[Coverage, ...]]:
    """Return what was explored, by requirement."""
    found: dict[str, tuple[Coverage, ...]] = {}
    for one in document.explored:
        found[one.requirement] = (*found.get(one.requirement, ()), one)
    return found


def _version(document: Results) -> str:
    text = document.target.version
    number = re.search(r"\d+(\.\d+)+\S*?(?=[\s)\],]|$)", text)
    return number[0] if number else text


def _column(slug: str, document: Results, has_duplicate_name: bool, copy: int) -> Column:
    marks = Counter(map(mark_of, document.requirements.values()))
    shown = [mark for mark in LEGEND if mark not in ("na", "none") and marks[mark]]
    total = sum(marks[mark] for mark in shown)
    shares = tuple((mark, round(100 * marks[mark] / total, 2)) for mark in shown)
    return Column(slug, document, has_duplicate_name, copy, marks["fail"], marks["should"], shares)


def _cell(column: Column, name: str, explored: dict[str, tuple[Coverage, ...]], failed: set[str]) -> Cell:
    row, its = column.document.requirements.get(name, NOT_RUN), explored.get(name, ())
    has_page = bool(row.violations) or any(one.stretches for one in its) or name in failed
    return Cell(column, row, mark_of(row), SYMBOLS[row.verdict], has_page, its)
