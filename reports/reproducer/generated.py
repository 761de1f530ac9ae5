"""Which question a script asks for a generated one: by the requirement, for the oracle knows them all."""

from __future__ import annotations

from proctor.harness import signals
from proctor.harness.scenario import Scenario
from proctor.reports.finding import FindingSummary
from proctor.reports.reproducer.asking import CAMPAIGNS, QUESTIONS, Question
from proctor.reports.reproducer.wording import not_exported

CHECK = "interleavings.transparent"
COUNTED = ("SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-10", "TTY-1", "TTY-2", "TTY-5", "TREE-4", "TREE-5")
"""Requirements that speak of which signals the command receives."""
AS = {
    "EXIT-1": "exit.same_status", "EXIT-2": "exit.same_status", "EXIT-7": "exit.same_status",
    "EXIT-3": "exit.not_before_command", "EXIT-5": "exit.names_the_death", "EXIT-6": "exit.ends_with_command",
    "SIG-5": "signals.launcher_survives", "SIG-8": "signals.never_signals_reaped", "SIG-9": "signals.forwarded_in_time",
    "TTY-3": "terminal.job_control", "TTY-4": "terminal.hang_up_arrives", "TTY-6": "terminal.terminal_is_the_same",
    "TTY-7": "terminal.terminal_is_restored", "TTY-8": "terminal.bytes_arrive", "TREE-1": "tree.nothing_left",
    "TREE-2": "tree.no_zombie_after_signals", "TREE-3": "tree.noticed_by_command", "TREE-6": "tree.init_status",
    "TREE-7": "tree.survives_daemon",
}  # fmt: skip
"""The others ask what the check does that a case by hand has for them."""
STAYS = "stays until the command has ended"
"""What the oracle requires where a launcher ends too early, whatever it was that made it."""
OF_MOMENTS = ("SIG-6", "SIG-7")
"""They speak of a signal at one of the launcher's calls, so they need a schedule."""


def question_of_generated(account: FindingSummary) -> Question:
    """Return the question; raise WrongCall where a script has none for this requirement."""
    question = _question(account)
    if account.schedule.directives and not question.is_scheduled:
        moments = CAMPAIGNS["start"]
        end = dict.fromkeys((*question.end, *moments.end))
        return question._replace(first=(*moments.first, *question.first), end=tuple(end), is_scheduled=True)
    return question


def _question(account: FindingSummary) -> Question:
    name = account.requirement
    if any(STAYS in one for one in account.objections):
        return QUESTIONS["exit.not_before_command"]
    said = " ".join(account.objections)
    if name == "TREE-6" and "is reaped" in said:
        return QUESTIONS["tree.init_reaps"]
    if name in COUNTED or (name == "TREE-6" and "command receives" in said):
        return Question(f"stays(seen) or within(alone, seen, {_bounds(account)}) or missing(seen)")
    if name == "EXIT-4":
        return QUESTIONS["exit.not_found" if _is_missing(account.scenario) else "exit.not_executable"]
    if name in AS:
        return QUESTIONS[AS[name]]
    if name in OF_MOMENTS and account.schedule.directives:
        return _of_moment(account)
    raise not_exported(f"a script has no question for {name}")


def _of_moment(account: FindingSummary) -> Question:
    """Return the question about a signal at a point: whether it was lost is asked only where the script has waited for
    it, and that is where the oracle has said so."""
    said = " ".join(account.objections)
    question = CAMPAIGNS["end" if account.requirement == "SIG-7" or "required: status" in said else "start"]
    if "reaches the command" in said:
        return question
    return question._replace(judge=question.judge.replace(" or lost(seen, {delivered})", ""))


def _is_missing(scenario: Scenario) -> bool:
    return scenario.command == "missing"


def _bounds(account: FindingSummary) -> str:
    """Return the signals with the fewest and the most, as Python code."""
    return str({signals.name(number): (least, most) for number, least, most in account.counts})
