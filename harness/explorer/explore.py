"""Plays schedules within a budget; what a predicate objects to is shrunk and replayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from proctor.harness.explorer.survey import Play
from proctor.harness.explorer.sweep import Planned
from proctor.harness.history import History, NotReached
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Hold, Schedule

REPLAYS = 20
MOST_FINDINGS = 3
"""Of findings that are alike, so many are shrunk and replayed; of the others it is said that they are there."""


class Evaluation(msgspec.Struct, frozen=True):
    """What a predicate says of a history. label: what came of it, in a word or two; objections: why that is wrong."""

    label: str
    objections: tuple[str, ...] = ()
    events: tuple[int, ...] = ()


Predicate = Callable[[History], Evaluation]


class Played(NamedTuple):
    """One schedule that was played, and what came of it; reached: whether its points were."""

    planned: Planned
    opinion: Evaluation
    reached: bool


class Finding(NamedTuple):
    """A schedule to whose outcome the predicate objects, with as few directives as that takes; returned: in how many
    of how many replays the objection came back."""

    schedule: Schedule
    opinion: Evaluation
    history: History
    returned: int
    replays: int

    @property
    def is_stable(self) -> bool:
        """Whether it came back each time."""
        return self.returned == self.replays


class Exploration(NamedTuple):
    """All that came of it."""

    played: list[Played]
    findings: list[Finding]
    executions: int
    seconds: float

    @property
    def unreached(self) -> int:
        """How many schedules had a point that the launcher did not pass this time."""
        return sum(not one.reached for one in self.played)


def suspects(played: Iterable[Played]) -> list[Played]:
    """Return a few of those that were objected to, which say different things: the same point with another signal says
    nothing new."""
    found: dict[str, dict[object, Played]] = {}
    for one in played:
        if one.opinion.objections:
            site = one.planned.site
            found.setdefault(one.opinion.label, {}).setdefault(site.point if site else one.planned.schedule, one)
    return [one for alike in found.values() for one in list(alike.values())[:MOST_FINDINGS]]


class Explorer:
    """Plays schedules of one scenario."""

    def __init__(
        self,
        play: Play,
        scenario: Scenario,
        predicate: Predicate,
        replays: int = REPLAYS,
    ) -> None:
        self._play, self._scenario, self._predicate, self._replays = play, scenario, predicate, replays
        self.executions = 0

    def explore(self, planned: Iterable[Planned], seconds: float) -> Exploration:
        """Play what is planned, for so many seconds; then shrink and replay what was found: one finding in any case,
        more while there is time."""
        start = time.monotonic()
        played: list[Played] = []
        for one in planned:
            if time.monotonic() - start > seconds:
                break
            played.append(self.try_one(one))
        findings: list[Finding] = []
        for suspect in suspects(played):
            if not findings or time.monotonic() - start < seconds:
                findings.append(self.confirm(suspect))
        return Exploration(played, findings, self.executions, time.monotonic() - start)

    def try_one(self, planned: Planned) -> Played:
        """Play one schedule and hear what the predicate says of it."""
        history = self._execute(planned.schedule)
        missed = [fact for fact in history.facts(NotReached) if not isinstance(fact.directive.action, Hold)]
        return Played(planned, self._predicate(history), not missed)

    def confirm(self, suspect: Played) -> Finding:
        """Shrink the schedule, and replay what is left of it; where that does not come back each time, for a directive
        was left out that it takes after all, the whole."""
        shrunk = self._shrink(suspect.planned.schedule, suspect.opinion.label)
        finding = self._replay(shrunk, suspect.opinion)
        if finding.is_stable or shrunk == suspect.planned.schedule:
            return finding
        whole = self._replay(suspect.planned.schedule, suspect.opinion)
        return whole if whole.returned > finding.returned else finding

    def _replay(self, schedule: Schedule, opinion: Evaluation) -> Finding:
        history = first = self._execute(schedule)
        returned = 0
        for number in range(self._replays):
            history = self._execute(schedule) if number else first
            said = self._predicate(history)
            if said.objections:
                returned += 1
                first, opinion = history, said
        return Finding(schedule, opinion, first, returned, self._replays)

    def _execute(self, schedule: Schedule) -> History:
        self.executions += 1
        return self._play(self._scenario, schedule)

    def _shrink(self, schedule: Schedule, label: str) -> Schedule:
        """Leave out each directive without which the same comes of it, three times of three."""
        for directive in schedule.directives:
            fewer = Schedule(tuple(one for one in schedule.directives if one is not directive))
            if fewer.directives and all(self._objects(fewer, label) for _ in range(3)):
                schedule = fewer
        return schedule

    def _objects(self, schedule: Schedule, label: str) -> bool:
        opinion = self._predicate(self._execute(schedule))
        return bool(opinion.objections) and opinion.label == label
