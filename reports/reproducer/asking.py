"""Which question a script asks: that of the case's check or campaign, or of a generated scenario's requirement."""

from __future__ import annotations

import itertools

from proctor.harness import scenario as s
from proctor.reports.reproducer.parts import at_points, inherited, questions, stdio_questions
from proctor.reports.reproducer.parts.marks import MARKED, Question
from proctor.reports.reproducer.wording import not_exported

ENVIRONMENTS = ("cache", "environments", "sync", "files")
"""Chapters whose cases need a launcher's environments, its cache, and a wheel to install there."""
OF_FAILING = "fault"
"""The chapter of system calls that fail."""
OF_SEVERAL = "group"
"""The chapter of launchers of several commands."""
OF_ENVIRONMENTS = ("exec.replaced_and_gone", "exec.replaced_and_whole", "exit.names_the_interpreter")
WHY_NOT = {
    "exec.is_accepted_as_main": "it needs a service manager, whose part only Proctor plays (NOTIFY_SOCKET)",
    "exec.nothing_visible": "it needs a command that shows its signals and that looks for children; the command of a "
    "script is in Python, which changes some signals before it runs a line",
    "stdio.flags_stay": "it needs a tracer that sees each change of a flag, which only Proctor has",
    **dict.fromkeys(
        ("world.one_service", "world.hung_up_as_without", "world.interrupted_as_without", "world.served_as_without"),
        "its stage is a real program as the launcher's parent, which only Proctor drives",
    ),
    **dict.fromkeys(
        ("world.is_main_process", "world.is_heard"), "it needs a service manager, whose part only Proctor plays"
    ),
    "world.passes_every_link": "it follows the signal from link to link, which only Proctor does",
    "world.same_effect": "its command is a real program, and only Proctor observes what that does",
    "tree.nothing_else_left": "it needs an IPC namespace and a TMPDIR that are the launcher's alone",
}
"""Why there is no question for a check."""
ASKED_IN = (questions.__name__, stdio_questions.__name__, at_points.__name__, inherited.__name__)
QUESTIONS = tuple(one for one in MARKED if one.judge.__module__ in ASKED_IN)


def question_of(check: str, scenario: s.Scenario) -> Question:
    """Return the question of a check or campaign; raise UsageError where there is none."""
    found = [one for one in QUESTIONS if check in one.checks]
    if not found:
        raise not_exported(_why_not(check))
    return min(found, key=lambda one: one.is_without_counts is not _waits_for_each_signal(scenario))


def question_for(requirement: str) -> Question | None:
    """Return the question of a requirement, for a generated scenario; None where there is none."""
    return next((one for one in QUESTIONS if requirement in one.requirements), None)


def _why_not(check: str) -> str:
    chapter = check.partition(".")[0]
    if chapter in ENVIRONMENTS or check in OF_ENVIRONMENTS:
        return f"'{check}' is about environments and caches, which only Proctor sets up and compares"
    if chapter == OF_SEVERAL:
        return f"'{check}' is about several commands at once; a script starts one, and has files for none"
    if chapter == OF_FAILING:
        return (
            f"'{check}' makes a system call fail, which a script cannot; by hand strace does, with the call, the error "
            "and the number of the case's schedule: strace -f -e inject=CALL:error=ERROR:when=NUMBER"
        )
    return WHY_NOT.get(check, f"no question in reports/reproducer/parts/ is about '{check}'")


def _waits_for_each_signal(scenario: s.Scenario) -> bool:
    """Return whether each signal and each key is waited for. Then a lost one makes the script time out, and none has to
    be counted."""
    steps = [one for one in scenario.steps if isinstance(one, s.Signal | s.Press | s.Resize | s.WaitReceived)]
    pairs = itertools.pairwise([*steps, None])
    return all(isinstance(one, s.WaitReceived) or isinstance(following, s.WaitReceived) for one, following in pairs)
