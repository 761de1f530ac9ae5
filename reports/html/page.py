"""Results as one HTML file: a view of them, put into templates, with all that the page needs in it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from proctor.harness.words import harmless
from proctor.reports.coverage import Coverage
from proctor.reports.html.failures import Script, objection, others, told
from proctor.reports.html.matrix import LEGEND, Cell, Column, Line, Mark, Matrix, matrix
from proctor.reports.html.packing import PackedTexts, fingerprint, packed
from proctor.reports.html.point_map import maps
from proctor.reports.html.prose import cited, coded
from proctor.reports.limits import EXPLORED, LIMITS
from proctor.reports.results import Results

HERE = Path(__file__).parent
MARKS: tuple[Mark, ...] = (*LEGEND, "none")
STYLES = ("tokens", "page", "matrix", "pages", "timeline", "print")
SCRIPTS = ("pages", "matrix", "filter", "timeline", "files")
"""In this order: they share one scope."""
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""What the browser may do: run the page's own scripts. A launcher's text is escaped; should any of it ever come
through, it may not run, and may ask for nothing."""
Covered = tuple[str, str, Coverage | str]
"""What was explored: address and name of what it is about, and a campaign; of older results a line that tells of it."""


class Packed(NamedTuple):
    """A part of the page that lies in it packed. address: within the page."""

    address: str
    content: str


class LauncherView(NamedTuple):
    """What is told of one launcher beside the matrix: its cells by mark, and of the marks that have a reason the
    requirements by reason."""

    column: Column
    cells: dict[str, list[tuple[Line, Cell]]]
    reasons: dict[str, dict[str, list[Line]]]
    explored: list[Covered]


def html(documents: list[Results], script: Script) -> str:
    """Return the page. script: makes a script of a case file."""
    table, library = matrix(documents), PackedTexts()
    environment = _environment()
    cells = list(_cells(environment, table, script, library))
    code = {name: _asset(f"{name}.js") for name in ("theme", *SCRIPTS)}
    theme, own = code.pop("theme"), '(() => {\n"use strict";\n' + "\n".join(code.values()) + "})();\n"
    return environment.get_template("page.html").render(
        matrix=table,
        legend=LEGEND,
        accounts=[_account(table, n) for n in range(len(table.columns))],
        cells=cells,
        library=packed(library.text()),
        limits=LIMITS,
        limit_explored=EXPLORED,
        executions=sum(document.executions for document in documents),
        style=Markup("\n".join(_asset(f"{name}.css") for name in STYLES)),
        theme=Markup(theme),
        code=Markup(own),
        policy=POLICY.format(scripts=f"{fingerprint(theme)} {fingerprint(own)}"),
    )


def _cells(environment: Environment, table: Matrix, script: Script, library: PackedTexts) -> Iterator[Packed]:
    """Yield the pages of the cells that have more to tell than a line, packed."""
    template = environment.get_template("cell.html")
    failures = [{one.requirement: one for one in reversed(column.document.failures)} for column in table.columns]
    for line in table.lines:
        for cell, known in zip(line.cells, failures, strict=True):
            if cell.has_page:
                failure = known.get(line.name)
                told_of = failure and told(failure, cell.column.document.target, script, library)
                text = template.render(
                    line=line, cell=cell, told=told_of, others=others(cell.row.violations, failure),
                    maps=maps(cell.explored), limit_explored=EXPLORED,
                )  # fmt: skip
                yield Packed(f"{line.slug}/{cell.column.slug}", packed(text))


def _account(table: Matrix, n: int) -> LauncherView:
    told_of = LauncherView(table.columns[n], {mark: [] for mark in MARKS}, {mark: {} for mark in MARKS}, [])
    for line in table.lines:
        cell = line.cells[n]
        told_of.cells[cell.mark].append((line, cell))
        told_of.reasons[cell.mark].setdefault(cell.row.reason, []).append(line)
        told_of.explored.extend(_explored_of(line, cell, line.name))
    return told_of


def _explored_by_launcher(line: Line) -> list[Covered]:
    """Return what was explored of a requirement."""
    return [one for cell in line.cells for one in _explored_of(line, cell, cell.column.label)]


def _explored_of(line: Line, cell: Cell, name: str) -> list[Covered]:
    address = f"#{line.slug}/{cell.column.slug}"
    return [(address, name, one) for one in cell.explored or cell.row.coverage]


@functools.cache
def _environment() -> Environment:
    """Return the templates. Whatever they are given is escaped, and what a terminal would obey in it made visible."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    environment.filters |= {
        "coded": coded,
        "cited": cited,
        "explored_by_launcher": _explored_by_launcher,
        "objection": objection,
        "thousands": "{:,}".format,
    }
    return environment


def _plain(value: Any) -> Any:
    return harmless(value) if type(value) is str else value  # what is Markup is ours


def _asset(name: str) -> str:
    return (HERE / "assets" / name).read_text(encoding="utf-8")
