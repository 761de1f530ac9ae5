"""The question of an exported script and the check of its case come to the same, on every literal history of a check.

A change in a check that its question does not follow, or the other way round, fails here.
"""

from __future__ import annotations

from typing import Any

import pytest

from proctor.conformance.checks.common import NotApplicable, NotObservable
from proctor.conformance.exploring.campaigns import campaigns_of_any_launcher
from proctor.harness.history import LimitExceeded, NotStarted, WaitFailed
from proctor.reports.reproducer.asking import QUESTIONS
from proctor.reports.reproducer.parts import inherited
from proctor.reports.reproducer.parts.marks import Question
from tests.unit.histories import Example, name_of
from tests.unit.observed_runs import observed
from tests.unit.test_every_check import examples as examples_of

CHAPTERS = ("exit", "signals", "terminal", "tree", "inherit", "stdio", "exec", "world", "moments")
OF_CHECK = {name_of(campaign.check): campaign.name for campaign in reversed(campaigns_of_any_launcher())}
"""The campaigns by their checks."""
NOT_KNOWN = {
    "said it before the command ran": "the output on pipes is read at the end, and has no times",
    "nobody can tell the status": "under a shell both runs have the same unknown status",
    "a zombie of a launcher that never rests": "a script does not tell a launcher that rests from one that polls",
    "a zombie of a launcher that wakes again and again": "the same",
    "waits for a daemon": "a script does not tell who may end a wait",
    "more output than is kept": "a script keeps all output",
    "killed after more output than is kept": "the same",
    "the command has another stdin": "a script does not look at the command's descriptors here",
}
"""Examples, by title, of what a script does not know, and why."""


def question_for(check: str) -> Question | None:
    """Return the question of a check that counts signals, where there are two."""
    found = [one for one in QUESTIONS if check in one.checks or OF_CHECK.get(check, "-") in one.checks]
    return next((one for one in found if not one.is_without_counts), None)


def examples() -> list[tuple[Example, Question]]:
    """Return all literal histories of checks for which there is a question."""
    found = []
    for chapter in CHAPTERS:
        for example in examples_of(chapter):
            question = question_for(example.name)
            if question and example.title not in NOT_KNOWN and not _beyond_scripts(example):
                found.append((example, question))
    return found


def _beyond_scripts(example: Example) -> bool:
    """Whether the harness observed what a script cannot: limits, and why something could not be started or seen."""
    facts = [event.fact for event in example.history.events]
    return any(
        isinstance(one, LimitExceeded | NotStarted) or (isinstance(one, WaitFailed) and one.hidden) for one in facts
    )


def outcome(example: Example, question: Question) -> str:
    """Return what the question comes to, in the words of examples."""
    declared = getattr(example.check, "keywords", {})
    inherited.ADDS, inherited.CHANGES = ([*declared.get(what, ())] for what in ("adds", "changes"))
    try:
        bare, launched = observed(example.bare, question), observed(example.history, question)
        return "bad" if question.judge(bare, launched) else "good"
    except RuntimeError:
        return "inconclusive"


def required(example: Example) -> str:
    """Return what the check comes to; a script does not tell why it is inconclusive."""
    try:
        return "bad" if example.check(example.history, example.bare) else "good"
    except (NotApplicable, NotObservable):
        return "inconclusive"


EXAMPLES = examples()


def titles(pairs: list[tuple[Example, Question]]) -> list[str]:
    return [f"{example.name}-{example.title}".replace(" ", "_") for example, _ in pairs]


@pytest.mark.parametrize(("example", "question"), EXAMPLES, ids=titles(EXAMPLES))
def test_question_and_check_agree(example: Example, question: Question) -> None:
    assert outcome(example, question) == required(example)


def test_every_question_of_a_check_is_asked_of_a_good_and_a_bad_history() -> None:
    asked = {(question.judge, required(example)) for example, question in EXAMPLES}
    for question in QUESTIONS:
        if question.checks and not question.is_without_counts:
            assert (question.judge, "good") in asked, question.judge
            assert (question.judge, "bad") in asked, question.judge


def without_counts() -> list[Any]:
    """Return the good histories of checks that have a question without counts."""
    return [
        (example, question) for example, _ in EXAMPLES for question in QUESTIONS
        if question.is_without_counts and example.name in question.checks and example.outcome == "good"
    ]  # fmt: skip


WITHOUT_COUNTS = without_counts()


@pytest.mark.parametrize(("example", "question"), WITHOUT_COUNTS, ids=titles(WITHOUT_COUNTS))
def test_a_question_without_counts_accuses_no_sound_launcher(example: Example, question: Question) -> None:
    assert outcome(example, question) == "good"


def test_what_a_script_does_not_know_are_examples() -> None:
    titles_of = {example.title for chapter in CHAPTERS for example in examples_of(chapter)}
    assert set(NOT_KNOWN) <= titles_of
