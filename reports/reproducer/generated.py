"""Which question the script of a generated scenario asks: that of its requirement."""

from __future__ import annotations

from proctor.harness import signals
from proctor.harness.scenario import Scenario
from proctor.reports.finding import FindingSummary
from proctor.reports.reproducer.asking import question_for, question_of
from proctor.reports.reproducer.parts.at_points import ends_with_nothing_left
from proctor.reports.reproducer.parts.marks import MARKED, Question
from proctor.reports.reproducer.parts.questions import counts_are_allowed
from proctor.reports.reproducer.wording import not_exported

CHECK = "interleavings.transparent"
OF_MOMENTS = ("SIG-6", "SIG-7")
"""They are about a signal at one of the launcher's calls, so they need a schedule."""


def question_of_generated(summary: FindingSummary) -> Question:
    """Return the question; raise UsageError where there is none for this requirement."""
    name, codes = summary.requirement, {one.short_code for one in summary.objections}
    if "ended-before-command" in codes:
        return question_of("exit.not_before_command", summary.scenario)
    if name == "TREE-6" and "zombie-left" in codes:
        return question_of("tree.init_reaps", summary.scenario)
    if name == "TREE-6" and any("signal" in one.parameters for one in summary.objections):
        return next(one for one in MARKED if one.judge is counts_are_allowed)
    if name == "EXIT-4":
        return question_of(
            "exit.not_found" if _is_missing(summary.scenario) else "exit.not_executable", summary.scenario
        )
    if name in OF_MOMENTS and summary.schedule.directives:
        return _of_moment(summary)
    if found := question_for(name):
        return found
    raise not_exported(f"a script has no question for {name}")


def _of_moment(summary: FindingSummary) -> Question:
    """Return the question about a signal at a point. Whether it was lost is asked only where the oracle said so: only
    there the script has waited for it."""
    codes = {one.short_code for one in summary.objections}
    if summary.requirement == "SIG-7" or "wrong-status" in codes:
        return question_of("end", summary.scenario)
    if codes & {"signal-lost", "not-delivered"}:
        return question_of("start", summary.scenario)
    return next(one for one in MARKED if one.judge is ends_with_nothing_left)


def _is_missing(scenario: Scenario) -> bool:
    return scenario.command == "missing"


def counts(summary: FindingSummary) -> str:
    """Return how often the command may receive each signal, as Python code."""
    limits = {signals.name(number): (least, most) for number, least, most in summary.counts}
    return f"COUNTS = {limits}  # how often the command may receive each signal, at least and at most"
