"""Executes a number of schedules; shrinks and replays those that a predicate rejects."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import msgspec

from proctor.harness.explorer.survey import Play
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.history import History, NotReached
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Hold, Schedule
from proctor.harness.violation import Violation

REPLAYS = 20
MAX_FINDINGS = 3
"""Limit of findings with the same label that are shrunk and replayed. The others are only counted."""


class Evaluation(msgspec.Struct, frozen=True):
    """The result of a predicate for a history. label: the outcome in a few words; objections: the violations; events:
    indexes of the events that show them. is_declared: the target declares all of the violations."""

    label: str
    objections: tuple[Violation, ...] = ()
    events: tuple[int, ...] = ()
    is_declared: bool = False


Predicate = Callable[[History], Evaluation]


class Memory(Protocol):
    """What is known of schedules that were played before, for the same scenario."""

    def recall(self, schedule: Schedule) -> tuple[Evaluation, bool] | None:
        """Return the evaluation of a schedule that was played, and whether all of its points were reached."""

    def keep(self, schedule: Schedule, history: History, reached: bool) -> None:
        """Take in the history of a schedule."""


class PlayedSchedule(NamedTuple):
    """One executed schedule and its evaluation. reached: whether the launcher reached all of its points."""

    planned: PlannedSchedule
    evaluation: Evaluation
    reached: bool


class Finding(NamedTuple):
    """A schedule that the predicate rejects, with as few directives as possible. returned: in how many of the replays
    the violation occurred again. without: the history of a replay in which it did not, None if there is none."""

    schedule: Schedule
    evaluation: Evaluation
    history: History
    returned: int
    replays: int
    without: History | None = None

    @property
    def is_stable(self) -> bool:
        """Whether it occurred in every replay."""
        return self.returned == self.replays


class Exploration(NamedTuple):
    """The result of an exploration. seconds: its duration. out_of_time: whether the time limit was reached before the
    last schedule."""

    played: list[PlayedSchedule]
    findings: list[Finding]
    executions: int
    seconds: float
    out_of_time: bool = False

    @property
    def unreached(self) -> int:
        """The number of schedules with a point that the launcher did not reach."""
        return sum(not one.reached for one in self.played)


def select_suspects(played: Iterable[PlayedSchedule]) -> list[PlayedSchedule]:
    """Return a few of the rejected schedules per label, each at another point: another signal at the same point adds no
    information. Labels whose violations are declared come last."""
    found: dict[str, dict[object, PlayedSchedule]] = {}
    for one in played:
        if one.evaluation.objections:
            site = one.planned.site
            found.setdefault(one.evaluation.label, {}).setdefault(site.point if site else one.planned.schedule, one)
    labels = sorted(found.values(), key=lambda alike: all(one.evaluation.is_declared for one in alike.values()))
    return [one for alike in labels for one in list(alike.values())[:MAX_FINDINGS]]


class Explorer:
    """Executes schedules of one scenario."""

    def __init__(
        self,
        play: Play,
        scenario: Scenario,
        predicate: Predicate,
        replays: int = REPLAYS,
        memory: Memory | None = None,
    ) -> None:
        self._play, self._scenario, self._predicate, self._replays = play, scenario, predicate, replays
        self._memory = memory
        self.executions = 0

    def explore(
        self, planned: Iterable[PlannedSchedule], seconds: float = math.inf, most: int | None = None,
        until_found: bool = False,
    ) -> Exploration:  # fmt: skip
        """Execute the planned schedules, but no more than `most`. Then shrink and replay what was found: of each label
        until one finding is stable, and more until there were `most` executions. The result is the same in each run,
        unless the time limit ends it: none begins after so many seconds, except what confirms a label. until_found:
        confirm each finding at once, and play no more schedules when one is stable."""
        start = time.monotonic()
        played: list[PlayedSchedule] = []
        findings: list[Finding] = []
        out_of_time = False
        for one in itertools.islice(planned, most):
            out_of_time = time.monotonic() - start > seconds
            if out_of_time or any(finding.is_stable and not finding.evaluation.is_declared for finding in findings):
                break
            played.append(self.play_one(one))
            if until_found and played[-1].evaluation.objections:
                findings.append(self.confirm(played[-1]))
        confirmed: set[str] = set()
        for suspect in select_suspects(played) if not until_found else ():
            label = suspect.evaluation.label
            has_room = (most is None or self.executions < most) and time.monotonic() - start < seconds
            if label not in confirmed or has_room:
                findings.append(self.confirm(suspect))
                confirmed |= {label} if findings[-1].is_stable else set()
        return Exploration(played, findings, self.executions, time.monotonic() - start, out_of_time)

    def play_one(self, planned: PlannedSchedule) -> PlayedSchedule:
        """Execute one schedule and evaluate its history; or remember the evaluation."""
        if known := self._memory and self._memory.recall(planned.schedule):
            return PlayedSchedule(planned, *known)
        history = self._execute(planned.schedule)
        missed = [fact for fact in history.facts(NotReached) if not isinstance(fact.directive.action, Hold)]
        if self._memory:
            self._memory.keep(planned.schedule, history, not missed)
        return PlayedSchedule(planned, self._predicate(history), not missed)

    def confirm(self, suspect: PlayedSchedule) -> Finding:
        """Shrink the schedule and replay the result. If that is not stable, because a directive is needed after all,
        replay the original schedule, and return the one that occurred more often."""
        shrink = self._shrink(suspect.planned.schedule, suspect.evaluation.label)
        finding = self._replay(shrink, suspect.evaluation)
        if finding.is_stable or shrink == suspect.planned.schedule:
            return finding
        original = self._replay(suspect.planned.schedule, suspect.evaluation)
        return original if original.returned > finding.returned else finding

    def _replay(self, schedule: Schedule, evaluation: Evaluation) -> Finding:
        history = first = self._execute(schedule)
        returned, without = 0, None
        for number in range(self._replays):
            history = self._execute(schedule) if number else first
            again = self._predicate(history)
            if again.objections and (evaluation.is_declared or not again.is_declared):
                returned += 1
                first, evaluation = history, again
            else:
                without = history
        return Finding(schedule, evaluation, first, returned, self._replays, without)

    def _execute(self, schedule: Schedule) -> History:
        self.executions += 1
        return self._play(self._scenario, schedule)

    def _shrink(self, schedule: Schedule, label: str) -> Schedule:
        """Remove each directive without which the same violation still occurs, three times out of three."""
        for directive in schedule.directives:
            fewer = Schedule(tuple(one for one in schedule.directives if one is not directive))
            if fewer.directives and all(self._objects(fewer, label) for _ in range(3)):
                schedule = fewer
        return schedule

    def _objects(self, schedule: Schedule, label: str) -> bool:
        evaluation = self._predicate(self._execute(schedule))
        return bool(evaluation.objections) and evaluation.label == label
