"""The terminal output of the suite: failures in full, and the summary by requirement."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import pytest

from proctor.conformance.judging.evidence import replay_command
from proctor.conformance.judging.result_rows import CaseResult, rows
from proctor.conformance.spec import Requirement, requirements
from proctor.harness.target import Target
from proctor.harness.words import harmless
from proctor.reports.limits import EXPLORED
from proctor.reports.results import Row

SIGNS = {
    "pass": "pass", "partial": "partial", "fail": "FAIL", "declared deviation": "declared", "not applicable": "-",
    "not observable": "n.obs.", "not built": "not built", "unstable": "unstable", "error": "ERROR",
}  # fmt: skip

REPEAT_BY = "PROCTOR_REPEAT_BY"
"""Environment variable that `proctor check` sets, also for its workers: outside of a checkout there is no conformance/
to name in the line `repeat`."""

escape = harmless
"""Applied to text from outside before it is printed."""


class HasVerdict(Protocol):
    """A row of results, from this run or from a file."""

    @property
    def level(self) -> str:
        """MUST, SHOULD or MAY."""

    @property
    def verdict(self) -> str:
        """The verdict, such as "pass"."""


def explain(result: CaseResult, requirement: Requirement, repeat: str) -> str:
    """Return the text of a failure: requirement, required and actual, events, and the command that repeats it."""
    judgement = result.judgement
    lines = [f"{requirement.id} ({requirement.level}): {requirement.sentence}", f"  launcher: {result.target}"]
    for violation in judgement.violations:
        plural = "s" if len(violation.events) > 1 else ""
        events = f" (event{plural} {', '.join(map(str, violation.events))})" if violation.events else ""
        lines += [f"  schedule: {violation.schedule}"] if violation.schedule else []
        lines += [f"  code:     {violation.code}", f"  required: {violation.required}"]
        lines += [f"  actual:   {violation.actual}{events}"]
    if judgement.timeline:
        lines += ["  what happened:", *(f"  {line}" for line in judgement.timeline)]
    if judgement.verdict == "unstable":
        lines.append(f"  UNSTABLE, not counted as a failure: {judgement.reason}")
    elif judgement.verdict == "error":
        first, *rest = judgement.reason.splitlines() or [""]
        lines += [f"  ERROR of Proctor, not of the launcher: {first}", *(f"    {line}" for line in rest)]
    lines.append(f"  repeat: {repeat}")
    if result.file:
        lines.append(f"  case:   {result.file}")
    return escape("\n".join(lines))


def repeat_command(result: CaseResult, asked: str, options: Sequence[str] = ()) -> str:
    """Return the command line that repeats this case on the same target, with these options of the suite."""
    if result.judgement.schedule:
        return replay_command(asked, result.requirement, result.judgement.schedule)
    if os.environ.get(REPEAT_BY) == "proctor":
        return shlex.join(["proctor", "check", asked, *options, "-k", result.requirement])
    return shlex.join(["pytest", "conformance/", f"--target={asked}", *options, "-k", result.requirement])


def write_summary(reporter: pytest.TerminalReporter, targets: list[Target], cases: list[CaseResult]) -> None:
    """Print a line for each requirement that was run, with a column for each target; then the counts."""
    tables = {target.name: rows(target, cases) for target in targets}
    reporter.section("requirements", sep="=")
    for index, name in enumerate(tables):
        if len(tables) > 1:
            reporter.write_line(f"[{index + 1}] {escape(name)}")
    for requirement in requirements().values():
        columns = [tables[name][requirement.id] for name in tables]
        if all(row.verdict == "not built" for row in columns):
            continue
        _write_row(reporter, requirement, columns)
    _write_coverage(reporter, tables)
    unbuilt = [r.id for r in requirements().values() if all(t[r.id].verdict == "not built" for t in tables.values())]
    if unbuilt:
        reporter.write_line(f"not run or not built: {', '.join(unbuilt)}")
    for name, table in tables.items():
        reporter.write_line(f"{escape(name)}: {counts(table)}", bold=True)


def _write_coverage(reporter: pytest.TerminalReporter, tables: dict[str, dict[str, Row]]) -> None:
    told = [
        f"  {escape(target)} {name}, {escape(covered)}"
        for target, table in tables.items()
        for name, row in table.items()
        for covered in row.coverage
    ]
    if told:
        reporter.write_line("explored:")
        for line in told:
            reporter.write_line(line)
        reporter.write_line(f"  {EXPLORED}")


def _write_row(reporter: pytest.TerminalReporter, requirement: Requirement, columns: list[Row]) -> None:
    signs = "  ".join(f"{SIGNS[row.verdict]:9}" for row in columns)
    worst = {row.verdict for row in columns}
    color = {
        "red": bool(worst & {"fail", "error"}) and requirement.is_mandatory,
        "yellow": bool(worst & {"fail", "unstable"}),
    }
    if color["red"]:
        color["yellow"] = False
    reporter.write_line(f"{requirement.id:10} {requirement.level:8} {signs} {_remark(requirement, columns)}", **color)


def _remark(requirement: Requirement, columns: list[Row]) -> str:
    for row in columns:
        if row.verdict in ("fail", "unstable") and row.violations:
            first = escape(row.violations[0].message)
            more = len(row.violations) - 1
            return first[:150] + ("..." if len(first) > 150 else "") + (f" (+{more} more)" if more else "")
        if row.reason:
            return escape(" ".join(row.reason.split()))[:150]
    return requirement.sentence[:70] + ("..." if len(requirement.sentence) > 70 else "")


def counts(table: Mapping[str, HasVerdict]) -> str:
    """Return in one line the number of requirements for each level and verdict."""
    parts = []
    for level in ("MUST", "SHOULD", "MAY"):
        count = Counter(r.verdict for r in table.values() if r.level.removesuffix(" NOT") == level)
        told = ", ".join(f"{count[v]} {v}" for v in count if v not in ("not built", "not applicable"))
        if told:
            parts.append(f"{level}: {told}")
    return "; ".join(parts) or "nothing was run"
