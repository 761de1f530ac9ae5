"""Results as one HTML file that contains everything it needs: views of the results, rendered with templates."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from proctor.harness.words import harmless
from proctor.reports.coverage import Coverage
from proctor.reports.html.failures import ScriptMaker, failure_view, other_violations
from proctor.reports.html.markup import inline_markup, linked_sources
from proctor.reports.html.matrix import LEGEND, Cell, Column, Matrix, RequirementLine, VerdictMark, matrix
from proctor.reports.html.outcome_map import outcome_maps
from proctor.reports.html.packing import ScriptLibrary, csp_hash, pack
from proctor.reports.limits import EXPLORED, LIMITS
from proctor.reports.results import Results

HERE = Path(__file__).parent
ALL_MARKS: tuple[VerdictMark, ...] = (*LEGEND, "none")
STYLES = ("tokens", "page", "matrix", "pages", "timeline", "print")
SCRIPTS = ("pages", "matrix", "filter", "timeline", "files")
"""In this order, because they share one scope."""
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""The browser may only run the page's own scripts. All text of a launcher is escaped; this is the second barrier."""
CoverageEntry = tuple[str, str, Coverage | str]
"""One campaign: the address and text of its link, and its coverage; in older results the coverage is a line of text."""


class PackedPage(NamedTuple):
    """A part of the report that is stored compressed. address: its fragment identifier."""

    address: str
    content: str


class LauncherView(NamedTuple):
    """A launcher: its cells by mark, and its requirements by mark and reason."""

    column: Column
    cells: dict[str, list[tuple[RequirementLine, Cell]]]
    reasons: dict[str, dict[str, list[RequirementLine]]]
    explored: list[CoverageEntry]


def html(documents: list[Results], script: ScriptMaker) -> str:
    """Return the page. script: makes a script from a case file."""
    table, scripts = matrix(documents), ScriptLibrary()
    environment = _environment()
    cells = list(_cells(environment, table, script, scripts))
    code = {name: _asset(f"{name}.js") for name in ("theme", *SCRIPTS)}
    theme, own = code.pop("theme"), '(() => {\n"use strict";\n' + "\n".join(code.values()) + "})();\n"
    return environment.get_template("page.html").render(
        matrix=table,
        legend=LEGEND,
        launchers=[_launcher_view(table, n) for n in range(len(table.columns))],
        cells=cells,
        scripts=pack(scripts.text()),
        limits=LIMITS,
        limit_explored=EXPLORED,
        executions=sum(document.executions for document in documents),
        style=Markup("\n".join(_asset(f"{name}.css") for name in STYLES)),
        theme=Markup(theme),
        code=Markup(own),
        policy=POLICY.format(scripts=f"{csp_hash(theme)} {csp_hash(own)}"),
    )


def _cells(
    environment: Environment, table: Matrix, script: ScriptMaker, scripts: ScriptLibrary
) -> Iterator[PackedPage]:
    """Yield the compressed pages of the cells that have a page."""
    template = environment.get_template("cell.html")
    failures = [{one.requirement: one for one in reversed(column.document.failures)} for column in table.columns]
    for line in table.lines:
        for cell, known in zip(line.cells, failures, strict=True):
            if cell.has_page:
                failure = known.get(line.name)
                launcher = cell.column.document.target
                text = template.render(
                    line=line, cell=cell, failure=failure and failure_view(failure, launcher, script, scripts),
                    others=other_violations(cell.row.violations, failure), maps=outcome_maps(cell.explored),
                    limit_explored=EXPLORED,
                )  # fmt: skip
                yield PackedPage(f"{line.slug}/{cell.column.slug}", pack(text))


def _launcher_view(table: Matrix, n: int) -> LauncherView:
    view = LauncherView(table.columns[n], {mark: [] for mark in ALL_MARKS}, {mark: {} for mark in ALL_MARKS}, [])
    for line in table.lines:
        cell = line.cells[n]
        view.cells[cell.mark].append((line, cell))
        view.reasons[cell.mark].setdefault(cell.row.reason, []).append(line)
        view.explored.extend(_campaigns(line, cell, line.name))
    return view


def _campaigns_by_launcher(line: RequirementLine) -> list[CoverageEntry]:
    """Return the campaigns of a requirement."""
    return [one for cell in line.cells for one in _campaigns(line, cell, cell.column.label)]


def _campaigns(line: RequirementLine, cell: Cell, name: str) -> list[CoverageEntry]:
    address = f"#{line.slug}/{cell.column.slug}"
    return [(address, name, one) for one in cell.explored or cell.row.coverage]


@functools.cache
def _environment() -> Environment:
    """Return the template environment. It escapes all values and makes control characters visible."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    environment.filters |= {
        "inline_markup": inline_markup,
        "linked_sources": linked_sources,
        "campaigns_by_launcher": _campaigns_by_launcher,
        "thousands": "{:,}".format,
    }
    return environment


def _plain(value: Any) -> Any:
    return harmless(value) if type(value) is str else value  # Markup is not from a launcher


def _asset(name: str) -> str:
    return (HERE / "assets" / name).read_text(encoding="utf-8")
