"""Plays a case again, on its own launcher or another, and hears what its check says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from conformance.campaigning import play_traced
from conformance.casefile import CaseFile
from conformance.checks.common import NotApplicable, NotObservable, needs_tracing
from conformance.explored import measure_of
from conformance.judge import Bare, needs_stage
from conformance.naming import named
from harness import execute as door
from harness.history import History, NotReached
from harness.schedule import Hold
from harness.target import Target


class Told(NamedTuple):
    """What one replay came to. objections: what the check has against it. unsure: why it could not be told, "" where it
    could: the launcher went another way, or this system cannot show it."""

    history: History
    objections: tuple[str, ...] = ()
    unsure: str = ""


class Count(NamedTuple):
    """How often the violation came back, in how many of the replays it could not be told, and what was said."""

    times: int
    back: int
    unsure: int
    objections: tuple[str, ...]
    reasons: tuple[str, ...]


def _unlike(objections: Iterable[str]) -> tuple[str, ...]:
    """Return those that differ in more than numbers: pids are others each time."""
    return tuple({re.sub(r"\d+", "N", one): one for one in objections}.values())


class Replayer:
    """Plays one case on one target. HarnessError where the harness fails."""

    def __init__(self, case: CaseFile, target: Target) -> None:
        self._case, self._target = case, target
        self._bare = Bare(door.execute)
        if case.is_explored:
            play = partial(play_traced, target)
            campaign = case.campaign
            self._predicate = campaign.predicate(measure_of(campaign, target, self._bare, play))
        else:
            self._check = named(case.check, target, case.requirement)

    def once(self) -> Told:
        """Play it once more."""
        return self._by_schedule() if self._case.is_explored else self._by_script()

    def times(self, times: int) -> Count:
        """Play it so many times."""
        all_told = [self.once() for _ in range(times)]
        return Count(
            times,
            sum(bool(told.objections) for told in all_told),
            sum(bool(told.unsure) for told in all_told),
            _unlike(one for told in all_told for one in told.objections),
            tuple(dict.fromkeys(told.unsure for told in all_told if told.unsure)),
        )

    def _by_schedule(self) -> Told:
        history = play_traced(self._target, self._case.scenario, self._case.schedule)
        objections = self._predicate(history).objections
        missed = [fact for fact in history.facts(NotReached) if not isinstance(fact.directive.action, Hold)]
        unsure = f"the launcher did not pass {missed[0].directive.at}" if missed and not objections else ""
        return Told(history, objections, unsure)

    def _by_script(self) -> Told:
        case = self._case
        history = door.execute(self._target, case.scenario, case.schedule if case.schedule.directives else None)
        try:
            needs_stage(history)
            if case.schedule.directives:
                needs_tracing(history)
            found = self._check(history, self._measure(history))
        except (NotApplicable, NotObservable) as reason:
            return Told(history, unsure=str(reason))
        return Told(history, tuple(f"required: {one.required}; actual: {one.actual}" for one in found))

    def _measure(self, history: History) -> History:
        """Return what a history is compared with, as judge() does."""
        if self._case.measure:
            return door.execute(self._target, self._case.measure)
        scenario = self._case.scenario
        if scenario.starts_command and scenario.stage.home == "kept":
            return self._bare.of(self._target, scenario)[0]
        return history
