"""Plays a case again, on its own launcher or on another, and judges it by its check."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    needs_freedom,
    needs_tracing,
    needs_watched_command,
)
from proctor.conformance.exploring.campaigns import campaign_of
from proctor.conformance.exploring.surveys import measure_of
from proctor.conformance.exploring.worker_pool import CannotTrace, play_traced
from proctor.conformance.judging.casefile import CaseFile, other_way
from proctor.conformance.judging.check_names import named
from proctor.conformance.judging.judge import Bare, has_bare, needs_stage
from proctor.conformance.judging.stimulus import of_requirement
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import orders, settings
from proctor.harness.descriptions import with_absolute_programs
from proctor.harness.errors import UsageError, nearest
from proctor.harness.history import ChoiceRefused, History, NotReached
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.schedule import Hold, Schedule
from proctor.harness.target import Target
from proctor.harness.violation import Violation, unlike


class ReplayResult(NamedTuple):
    """The result of one replay. objections: those of the check, with the events that show them. unsure: why the replay
    is inconclusive, "" if it is not: the launcher did not reach a point, or this system cannot observe it."""

    history: History
    objections: tuple[Violation, ...] = ()
    unsure: str = ""
    events: tuple[int, ...] = ()


class Count(NamedTuple):
    """How often the violation came back, how many replays were inconclusive (unsure), and the texts of both."""

    times: int
    back: int
    unsure: int
    objections: tuple[Violation, ...]
    reasons: tuple[str, ...]


def unreached(schedule: Schedule, history: History) -> str:
    """Return which point of the schedule the launcher never reached, in words; "" if it was tested as the schedule
    says. Points of holds need not be reached, but one of them where there are only holds."""
    for refused in history.facts(ChoiceRefused):
        return f"the launcher could not go on with '{refused.choice}', choice {refused.number} of the order"
    missed = [fact.directive for fact in history.facts(NotReached)]
    acted = [one for one in missed if not isinstance(one.action, Hold)]
    if acted or (missed and len(missed) == len(schedule.directives)):
        return f"the launcher never reached the point '{(acted or missed)[0].at}'"
    return ""


def count(all_told: Sequence[ReplayResult]) -> Count:
    """Return the counts of several replays."""
    return Count(
        len(all_told),
        sum(bool(told.objections) for told in all_told),
        sum(bool(told.unsure) for told in all_told),
        unlike(one for told in all_told for one in told.objections),
        tuple(dict.fromkeys(told.unsure for told in all_told if told.unsure)),
    )


def reject_unknown_case(case: CaseFile, path: Path) -> None:
    """Raise UsageError for a case that this Proctor cannot judge, before it is played."""
    known = requirements()
    if case.requirement not in known:
        like = nearest(case.requirement, known)
        raise UsageError(f"{path}: there is no requirement '{case.requirement}' here{like}; `proctor spec` lists them")
    try:
        _ = campaign_of(case) if case.is_explored else named(case.check, case.target, case.requirement)
    except UsageError as reason:
        key = "campaign" if case.is_explored else "check"
        raise UsageError(f"{path}: '{key}': {reason}; if a newer Proctor made this case, update yours") from None


def launcher_on_this_system(case: CaseFile, path: Path, instead: str) -> Target:
    """Return the launcher of a case as it is on this system; UsageError if it is missing. instead: what the user can do
    then."""
    if not case.target.command:
        raise UsageError(f"{path}: this case has no launcher ('target.command' is empty); {instead}")
    try:
        return with_absolute_programs(case.target, str(path))
    except UsageError as missing:
        raise UsageError(f"{missing}; or {instead}") from None


@contextlib.contextmanager
def ptrace_refusal_explained(case: CaseFile) -> Iterator[None]:
    """Raise UsageError if a case with a schedule is played on a system that refuses ptrace."""
    try:
        yield
    except CannotTrace as reason:
        raise UsageError(
            f"this case has a schedule ({str(case.schedule).partition(chr(10))[0] or 'an empty one'}),"
            f" so its launcher is traced: {reason}. Play it where ptrace is allowed"
        ) from None


UNDISTURBED = Scenario((Order(orders.Exit(0)), WaitEnds()))
"""What is played before a case: a launcher does some things only in its first run, and cases are of later ones."""

WARM_UPS = 2
"""How often. Scripts do the same: reports/reproducer/parts/main.py."""


class Replayer:
    """Plays one case on one target, contained as it was, unless another containment is chosen. HarnessError if the
    harness fails."""

    def __init__(self, case: CaseFile, target: Target) -> None:
        self._case, self._target = case, target
        self._uncontained = case.containment == "subreaper" and not settings.containment()
        self._play = partial(door.execute, uncontained=self._uncontained)
        if case.scenario.stage.home == "kept":
            for _ in range(WARM_UPS):
                self._play(target, UNDISTURBED)
        self._bare = Bare(self._play)
        if case.is_explored:
            play = partial(play_traced, target, uncontained=self._uncontained)
            campaign = campaign_of(case)
            self._predicate = campaign.predicate(measure_of(campaign, target, self._bare, play))
        else:
            self._check = named(case.check, target, case.requirement)

    def once(self) -> ReplayResult:
        """Play it once more."""
        return self._by_schedule() if self._case.is_explored else self._by_script()

    def _by_schedule(self) -> ReplayResult:
        history = play_traced(self._target, self._case.scenario, self._case.schedule, self._uncontained)
        try:
            needs_freedom(history)
        except NotObservable as reason:
            return ReplayResult(history, unsure=str(reason))
        said = self._predicate(history)
        objections = said.objections
        unsure = unreached(self._case.schedule, history)
        unsure = (
            "" if objections else unsure or other_way(self._case, history, self._target.name == self._case.target.name)
        )
        return ReplayResult(history, objections, unsure, said.events)

    def _by_script(self) -> ReplayResult:
        case = self._case
        history = self._play(self._target, case.scenario, case.schedule if case.schedule.disturbs else None)
        try:
            needs_stage(history)
            needs_watched_command(history)
            needs_freedom(history)
            if case.schedule.disturbs:
                needs_tracing(history)
            found = self._check(history, self._measure(history))
        except (NotApplicable, NotObservable) as reason:
            return ReplayResult(history, unsure=str(reason))
        objections = of_requirement(found, case.requirement, history)
        unsure = "" if objections else unreached(case.schedule, history)
        return ReplayResult(history, objections, unsure, tuple(n for one in found for n in one.events))

    def _measure(self, history: History) -> History:
        """Return the history to compare with, as judge() does."""
        if self._case.compared_with:
            return self._play(self._target, self._case.compared_with)
        scenario = self._case.scenario
        if has_bare(scenario):
            return self._bare.of(self._target, scenario)[0]
        return history
