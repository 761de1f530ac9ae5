"""Plays schedules within a budget; what a predicate objects to is shrunk and replayed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from harness.explorer.survey import Play
from harness.explorer.sweep import Planned
from harness.history import History, NotReached
from harness.scenario import Scenario
from harness.schedule import HoldTask, Schedule

REPLAYS = 20
MOST_FINDINGS = 3
"""Of findings that are alike, so many are shrunk and replayed; of the others it is said that they are there."""


class Opinion(msgspec.Struct, frozen=True):
    """What a predicate says of a history. label: what came of it, in a word or two; objections: why that is wrong."""

    label: str
    objections: tuple[str, ...] = ()
    events: tuple[int, ...] = ()


Predicate = Callable[[History], Opinion]


class Played(NamedTuple):
    """One schedule that was played, and what came of it; reached: whether its points were."""

    planned: Planned
    opinion: Opinion
    reached: bool


class Finding(NamedTuple):
    """A schedule to whose outcome the predicate objects, with as few directives as that takes; returned: in how many
    of how many replays the objection came back."""

    schedule: Schedule
    opinion: Opinion
    history: History
    returned: int
    replays: int

    @property
    def is_stable(self) -> bool:
        """Whether it came back each time."""
        return self.returned == self.replays


class Exploration(NamedTuple):
    """All that came of it. planned: how many schedules there were; those not played did not fit into the budget."""

    played: list[Played]
    findings: list[Finding]
    planned: int
    executions: int
    seconds: float

    @property
    def labels(self) -> Counter[str]:
        """How often each outcome came."""
        return Counter(one.opinion.label for one in self.played)

    @property
    def unreached(self) -> int:
        """How many schedules had a point that the launcher did not pass this time."""
        return sum(not one.reached for one in self.played)


def _at_different_points(alike: list[Played]) -> list[Played]:
    """Return a few of them that say different things: the same point with another signal says nothing new."""
    found: dict[object, Played] = {}
    for one in alike:
        found.setdefault(one.planned.site.point if one.planned.site else one.planned.schedule, one)
    return list(found.values())[:MOST_FINDINGS]


class Explorer:
    """Plays schedules of one scenario. `tell` hears of each one that was played."""

    def __init__(
        self,
        play: Play,
        scenario: Scenario,
        predicate: Predicate,
        replays: int = REPLAYS,
        tell: Callable[[Played], None] = lambda played: None,
    ) -> None:
        self._play, self._scenario, self._predicate, self._replays = play, scenario, predicate, replays
        self._tell = tell
        self._executions = 0

    def explore(self, planned: Iterable[Planned], count: int, seconds: float) -> Exploration:
        """Play what is planned, for so many seconds, most of what it finds included; `count` says how much that is."""
        start = time.monotonic()
        played: list[Played] = []
        suspects: dict[str, list[Played]] = {}
        for one in planned:
            if time.monotonic() - start > seconds:
                break
            history = self._execute(one.schedule)
            opinion = self._predicate(history)
            missed = [fact for fact in history.facts(NotReached) if not isinstance(fact.directive.action, HoldTask)]
            result = Played(one, opinion, not missed)
            played.append(result)
            if opinion.objections:
                suspects.setdefault(opinion.label, []).append(result)
            self._tell(result)
        findings = [self._confirm(one) for alike in suspects.values() for one in _at_different_points(alike)]
        return Exploration(played, findings, count, self._executions, time.monotonic() - start)

    def _execute(self, schedule: Schedule) -> History:
        self._executions += 1
        return self._play(self._scenario, schedule)

    def _confirm(self, suspect: Played) -> Finding:
        schedule = self._shrink(suspect.planned.schedule, suspect.opinion.label)
        history, opinion, returned = None, suspect.opinion, 0
        for _ in range(self._replays):
            again = self._execute(schedule)
            said = self._predicate(again)
            if said.objections:
                returned += 1
                history, opinion = again, said
        return Finding(schedule, opinion, history or again, returned, self._replays)

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
