"""The terminal output of the suite after its last case: failures, then the summary by requirement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import pytest

from proctor.conformance.judging.result_rows import CaseResult, rows
from proctor.conformance.spec import Requirement, requirements
from proctor.conformance.suite.advice import advice
from proctor.conformance.suite.failure_report import (
    REPEAT_BY,
    also_fail,
    blocks,
    escape,
    explain,
    repeat_command,
    told,
)
from proctor.harness.target import Target
from proctor.reports.grouping import grouped
from proctor.reports.limits import EXPLORED
from proctor.reports.results import Row, Verdict

__all__ = [
    "REPEAT_BY", "Report", "counts", "escape", "explain", "repeat_command", "write_failures", "write_summary",
]  # fmt: skip

SIGNS: dict[Verdict, str] = {
    "pass": "pass", "partial": "partial", "fail": "FAIL", "declared deviation": "declared", "not applicable": "-",
    "not observable": "n.obs.", "not run": "not run", "unstable": "unstable", "error": "ERROR",
}  # fmt: skip
LEGEND: dict[Verdict, str] = {
    "fail": "violated in each replay; only a failing MUST fails the run",
    "unstable": "violated, but not in each replay: neither pass nor fail",
    "error": "Proctor itself failed", "partial": "nothing was found, but not all was played",
    "declared deviation": "violated as the target declares",
    "not applicable": "does not apply to this launcher", "not observable": "cannot be observed on this system",
    "not run": "no case was run",
}  # fmt: skip
"""What verdicts mean; a pass needs no words."""
PROBLEMS: tuple[Verdict, ...] = ("fail", "error", "unstable", "partial")
QUIET, NORMAL, VERBOSE, ALL = -1, 0, 1, 2
"""How much is printed: the lines of problems; failing MUSTs in full, one case of each kind; also SHOULDs and all lines;
each case."""
MOST = 150
"""Characters of a remark."""


class HasVerdict(Protocol):
    """A row of results, from this run or from a file."""

    @property
    def level(self) -> str:
        """MUST, SHOULD or MAY."""

    @property
    def verdict(self) -> str:
        """The verdict, such as "pass"."""


class Report(NamedTuple):
    """What is reported. repeat: returns the command line that repeats a case; level: how much is printed;
    undescribed: the targets without a description; stale: a line for each declared deviation that did not occur."""

    targets: list[Target]
    cases: list[CaseResult]
    repeat: Callable[[CaseResult], str]
    level: int = NORMAL
    undescribed: frozenset[str] = frozenset()
    stale: tuple[str, ...] = ()

    @property
    def tables(self) -> dict[str, dict[str, Row]]:
        """The rows of each target."""
        return {target.name: rows(target, self.cases) for target in self.targets}


def write_failures(reporter: pytest.TerminalReporter, report: Report) -> None:
    """Print what went wrong: of each kind of violation one case in full, with what is the same as it."""
    if report.level <= QUIET:
        return
    for target in report.targets:
        own = [case for case in report.cases if case.target == target.name]
        table = rows(target, own)
        for requirement in requirements().values():
            row = table[requirement.id]
            cases = [case for case in own if case.requirement == requirement.id]
            for text in _texts(requirement, row, cases, report):
                reporter.write_line("")
                reporter.write_line(text)
            for number, line in enumerate(also_fail(table, requirement.id)):
                reporter.write_line(("" if number else "\n") + escape(line))
        if target.name in report.undescribed:
            for number, line in enumerate(advice(target, table)):
                reporter.write_line(("" if number else "\n") + escape(line))


def _texts(requirement: Requirement, row: Row, cases: list[CaseResult], report: Report) -> list[str]:
    """Return the texts of the cases of a requirement that are shown in full."""
    errors = {case.judgement.reason: case for case in cases if case.judgement.verdict == "error"}
    texts = [explain(case, requirement, report.repeat(case)) for case in errors.values()]
    wrong = [case for case in cases if case.judgement.verdict in ("fail", "unstable")]
    if not requirement.is_mandatory and report.level < VERBOSE:
        wrong = [case for case in wrong if case.judgement.verdict == "unstable"]
    if report.level >= ALL:
        return texts + [explain(case, requirement, report.repeat(case)) for case in wrong]
    shown = blocks(row, wrong)
    return texts + [told(one, requirement, report.repeat, one is shown[0]) for one in shown]


def write_summary(reporter: pytest.TerminalReporter, report: Report) -> None:
    """Print a line for each requirement with a problem, with a column for each target; then the counts."""
    tables = report.tables
    if report.level > QUIET:
        reporter.section("summary", sep="=")
    for index, name in enumerate(tables):
        if len(tables) > 1:
            reporter.write_line(f"[{index + 1}] {escape(name)}")
    shown: set[Verdict] = set()
    for requirement in requirements().values():
        columns = [tables[name][requirement.id] for name in tables]
        verdicts = {row.verdict for row in columns}
        if verdicts & {*PROBLEMS} or (report.level >= VERBOSE and verdicts != {"not run"}):
            _write_row(reporter, requirement, columns, tables)
            shown |= verdicts
    if report.level >= VERBOSE:
        _write_coverage(reporter, tables)
        _write_not_run(reporter, tables)
    for line in report.stale:
        reporter.write_line(escape(line))
    if report.level > QUIET:
        for line in _legend(shown, tables, report):
            reporter.write_line(line)
    for name, table in tables.items():
        reporter.write_line(f"{escape(name)}: {counts(table)}", bold=True)


def _legend(shown: set[Verdict], tables: Mapping[str, Mapping[str, Row]], report: Report) -> list[str]:
    """Return what the signs of the summary mean, and how to see more."""
    lines = [f"{SIGNS[verdict]}: {LEGEND[verdict]}" for verdict in LEGEND if verdict in shown]
    parts = ["; ".join(lines)] if lines else []
    some = next((name for table in tables.values() for name, row in table.items() if row.verdict in PROBLEMS), "")
    if some and report.level < VERBOSE:
        parts.append(f"more: -v shows all requirements, -k {some} runs one, `proctor spec {some}` explains it")
    return parts


def _write_not_run(reporter: pytest.TerminalReporter, tables: Mapping[str, Mapping[str, Row]]) -> None:
    left = [r.id for r in requirements().values() if all(t[r.id].verdict == "not run" for t in tables.values())]
    if left:
        reporter.write_line(f"not run: {', '.join(left)}")


def _write_coverage(reporter: pytest.TerminalReporter, tables: Mapping[str, Mapping[str, Row]]) -> None:
    lines = [
        f"  {escape(target)} {name}, {escape(covered)}"
        for target, table in tables.items()
        for name, row in table.items()
        for covered in row.coverage
    ]
    if lines:
        for line in ["explored:", *lines, f"  {EXPLORED}"]:
            reporter.write_line(line)


def _write_row(
    reporter: pytest.TerminalReporter, requirement: Requirement, columns: list[Row],
    tables: Mapping[str, dict[str, Row]],
) -> None:  # fmt: skip
    signs = "  ".join(f"{SIGNS[row.verdict]:9}" for row in columns)
    worst = {row.verdict for row in columns}
    is_red = bool(worst & {"fail", "error"}) and requirement.is_mandatory
    is_yellow = bool(worst & {"fail", "unstable"}) and not is_red
    remarks = [_remark(requirement.id, row, tables[name]) for name, row in zip(tables, columns, strict=True)]
    remark = next(filter(None, remarks), "")
    line = f"{requirement.id:10} {requirement.level:8} {signs} {remark or _shortened(requirement.sentence, 70)}"
    reporter.write_line(line, red=is_red, yellow=is_yellow)


def _remark(requirement: str, row: Row, table: dict[str, Row]) -> str:
    """Return what is said of a row in its line."""
    if row.verdict in ("fail", "unstable") and row.violations:
        if row.causes:
            return f"for the same reason as {', '.join(row.causes)}"
        own = [one for one in row.violations if not one.follows_from]
        groups = grouped(own)
        kinds = f" of {len(groups)} kinds" if len(groups) > 1 else ""
        more = f" (+{len(own) - 1} more{kinds})" if len(own) > 1 else ""
        also = [name for name, other in table.items() if requirement in other.causes]
        reason = f"; {' '.join(also)} fail{'s' * (len(also) == 1)} for the same reason" if also else ""
        return _shortened(escape(groups[0].example.message), MOST) + f"{more}{reason}"
    if row.verdict == "error":  # what to do is at its end
        return escape(row.reason.partition("\n")[0])
    return _shortened(escape(" ".join(row.reason.split())), MOST)


def _shortened(text: str, most: int) -> str:
    return text[:most] + ("..." if len(text) > most else "")


def counts(table: Mapping[str, HasVerdict]) -> str:
    """Return in one line the number of requirements for each level and verdict."""
    parts = []
    for level in ("MUST", "SHOULD", "MAY"):
        count = Counter(r.verdict for r in table.values() if r.level.removesuffix(" NOT") == level)
        numbers = ", ".join(f"{count[v]} {v}" for v in count if v not in ("not run", "not applicable"))
        if numbers:
            parts.append(f"{level}: {numbers}")
    return "; ".join(parts) or "no requirement was judged"


def unreported(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """Return the texts of failures of Proctor's own tests that no case reports: a module that cannot be collected."""
    return [escape(f"ERROR of Proctor, not of the launcher: {one.nodeid}\n{one.longreprtext}") for one in reports]
