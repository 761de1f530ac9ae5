"""Marks a function as a question: for which cases it is asked, and what has to be observed for it. Not copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from proctor.reports.reproducer.parts.observed_run import ObservedRun

Judge = Callable[[ObservedRun, ObservedRun], "list[str]"]
Observation = Callable[[Any], None]


class Question(NamedTuple):
    """A question and its cases. judge: the function; it returns violations, and raises RuntimeError where the runs are
    inconclusive. checks: names of checks and of campaigns. requirements: those for which it is asked of generated
    scenarios. is_without_counts: whether it is asked only where the scenario waits for each signal, so that none has to
    be counted. orders: what the command does as soon as it runs. at_end: what is observed at the end, in any case.
    is_timed: whether to measure how long signals take. is_scheduled: whether it is about runs under a schedule.
    at_start: what is observed when these orders are done. is_plain: whether the command is a program that shows its
    signals and ends, so that no steps are played."""

    judge: Judge
    checks: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    is_without_counts: bool = False
    orders: tuple[str, ...] = ()
    at_end: tuple[Observation, ...] = ()
    is_timed: bool = False
    is_scheduled: bool = False
    at_start: tuple[Observation, ...] = ()
    is_plain: bool = False


MARKED: list[Question] = []
"""All questions, in the order of their definitions."""


def asks(
    *checks: str,
    requirements: tuple[str, ...] = (),
    is_without_counts: bool = False,
    orders: tuple[str, ...] = (),
    at_end: tuple[Observation, ...] = (),
    is_timed: bool = False,
    is_scheduled: bool = False,
    at_start: tuple[Observation, ...] = (),
    is_plain: bool = False,
) -> Callable[[Judge], Judge]:
    """Mark a function as the question of these checks and campaigns; see Question."""

    def mark(judge: Judge) -> Judge:
        MARKED.append(
            Question(
                judge, checks, requirements, is_without_counts, orders, at_end, is_timed, is_scheduled, at_start,
                is_plain,
            )
        )  # fmt: skip
        return judge

    return mark
