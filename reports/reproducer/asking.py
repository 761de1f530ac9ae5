"""Which question a script asks: that of the case's check or campaign, or of a generated scenario's requirement."""

from __future__ import annotations

import itertools

from proctor.harness import scenario as s
from proctor.reports.reproducer.parts import at_points, questions
from proctor.reports.reproducer.parts.marks import MARKED, Question
from proctor.reports.reproducer.wording import not_exported

ENVIRONMENTS = ("cache", "environments", "sync", "files")
"""Chapters whose cases need a launcher's environments, its cache, and a wheel to install there."""
QUESTIONS = tuple(one for one in MARKED if one.judge.__module__ in (questions.__name__, at_points.__name__))


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
    if chapter in ENVIRONMENTS:
        return f"'{check}' is about environments and caches, which only Proctor sets up and compares"
    if chapter == "inherit":
        return f"'{check}' is about what the command starts with, and a Python program changes some of that itself"
    return f"no question in reports/reproducer/parts/ is about '{check}'"


def _waits_for_each_signal(scenario: s.Scenario) -> bool:
    """Return whether each signal and each key is waited for. Then a lost one makes the script time out, and none has to
    be counted."""
    steps = [one for one in scenario.steps if isinstance(one, s.Signal | s.Press | s.Resize | s.WaitReceived)]
    pairs = itertools.pairwise([*steps, None])
    return all(isinstance(one, s.WaitReceived) or isinstance(following, s.WaitReceived) for one, following in pairs)
