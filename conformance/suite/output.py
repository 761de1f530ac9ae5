"""What a run prints: pytest's own output is replaced, and with -v kept for the line of each case."""

from __future__ import annotations

from typing import Any

import pytest

from proctor.conformance.suite import terminal_report
from proctor.conformance.suite.case_results import breaks, result_of
from proctor.conformance.suite.failure_report import escape
from proctor.conformance.suite.progress import Progress
from proctor.conformance.suite.suite import Suite
from proctor.harness import execute as door
from proctor.harness.descriptions import described_by

SILENT = -2
"""The verbosity at which pytest's own reporter prints nothing but letters."""
_level_key = pytest.StashKey[int]()


def take_over(config: pytest.Config) -> None:
    """Leave to pytest only the line of each case, and that with -v alone. Its lists of failures would print the same
    objection a hundred times, and its paths are those of our own files."""
    option, reporter = config.option, config.pluginmanager.get_plugin("terminalreporter")
    asked = config.stash[_level_key] = option.verbose
    if reporter is None or hasattr(config, "workerinput"):
        return
    if option.tbstyle == "auto":
        option.tbstyle = "no"
    if not option.reportchars or option.reportchars == "fE":
        reporter.reportchars = ""
    if asked < terminal_report.VERBOSE:
        option.verbose = SILENT
        if reporter.isatty() and asked > terminal_report.QUIET:
            config.pluginmanager.register(Progress(reporter), "proctor-progress")


def is_silent(config: pytest.Config) -> bool:
    """Whether pytest's own reporter prints nothing."""
    verbosity: int = config.option.verbose
    return verbosity == SILENT


def level(config: pytest.Config) -> int:
    """Return how much is printed, as terminal_report has it: what -q and -v asked for."""
    return config.stash.get(_level_key, terminal_report.QUIET)


def header(suite: Suite) -> list[str]:
    """Return the first lines: the targets, which description was read of each, and the containment."""
    lines = [
        f"target: {t.name} ({suite.probes[t.name].version or 'version unknown'}); "
        f"description: {described_by(suite.asked[t.name])}"
        for t in suite.judged
    ]
    lines += [
        f"not judged: {t.name} (the reason is at the end)" for t in suite.targets.values() if t not in suite.judged
    ]
    lines.append(f"containment: {door.containment()}")
    return [*map(escape, [*lines, *suite.played_differently])]


def status(report: pytest.TestReport) -> tuple[str, str]:
    """Return the category and the word of a phase of a case; "" and "" for those that pytest names."""
    result = result_of(report)
    if not result or result.judgement.verdict == "pass":
        return (report.outcome if report.when == "call" or not report.passed else ""), ""
    verdict = result.judgement.verdict
    if verdict == "fail":
        return ("failed", "FAILED") if breaks(result) else ("should failed", "SHOULD FAILED")
    return ("failed" if verdict == "error" else verdict), verdict.upper()


def write(reporter: pytest.TerminalReporter, suite: Suite, config: pytest.Config) -> None:
    """Print failures and summary."""
    report = terminal_report.Report(
        suite.judged, suite.cases, suite.repeat_command, level(config), suite.undescribed, tuple(suite.stale(config))
    )
    for text in terminal_report.unreported(one for one in _failed(reporter) if not result_of(one)):
        reporter.write_line(text)
    terminal_report.write_failures(reporter, report)
    for line in suite.played_differently:
        reporter.write_line(escape(line))
    terminal_report.write_summary(reporter, report)
    config.option.verbose = SILENT  # the counts of requirements are the last line, not pytest's counts of cases


def _failed(reporter: pytest.TerminalReporter) -> list[Any]:
    """Return pytest's reports of failed phases, and of modules that could not be collected."""
    return [one for name in ("failed", "error") for one in reporter.stats.get(name, [])]
