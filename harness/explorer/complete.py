"""The strategy `complete`: every interleaving of the launcher's tasks, with up to k stimuli, up to equivalence."""

from __future__ import annotations

import errno
import itertools
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from proctor.harness.calls import CALLS
from proctor.harness.dependence import Effect, StepEffects, dependent
from proctor.harness.explorer.reduction import Diverged, Search, Step
from proctor.harness.explorer.survey import Play
from proctor.harness.history import ChoiceRefused, History, StepTaken
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import SHARE_OF_STIMULI, Choice, RunTask, Schedule, Stimulated, TotalOrder

DESCENTS, FEWEST_DESCENTS = 200, 10
"""Random executions from which the number of classes is estimated, for each choice of stimuli."""


class Estimate(NamedTuple):
    """An unbiased estimate of the number of classes, and its standard error; descents: of so many executions."""

    classes: float
    spread: float
    descents: int

    def __str__(self) -> str:
        return f"about {self.classes:.3g} classes (standard error {self.spread:.2g}, {self.descents} random executions)"


class Account:
    """What an exploration has played. classes: by the number of stimuli; redundant: executions that were equivalent to
    another, or to one with fewer stimuli; deepest: the most steps of one; reasons: why it is not complete even if
    nothing is left to play; waits: the waits that could have ended by time, and did not."""

    def __init__(self) -> None:
        self.classes: dict[int, int] = {}
        self.redundant = self.deepest = 0
        self.is_exhausted = False
        self.reasons: list[str] = []
        self.waits: list[str] = []
        self.estimate: Estimate | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every class was played, as far as the model goes."""
        return self.is_exhausted and not self.reasons

    def __str__(self) -> str:
        played = ", ".join(f"{count} with {_signals(k)}" for k, count in sorted(self.classes.items())) or "none"
        text = f"classes: {played}; {self.redundant} redundant executions; deepest {self.deepest} steps; "
        if self.is_complete:
            text += "complete"
        else:
            text += "explored, not complete: " + "; ".join(self.reasons or ["time limit reached"])
        if self.waits:
            text += f"; no wait timed out ({', '.join(self.waits)})"
        return text + (f"; {self.estimate}" if self.estimate else "")

    def add_reason(self, reason: str) -> None:
        """Add a reason once."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def look_at(self, steps: Iterable[StepTaken]) -> None:
        """Take in what makes the model uncertain for an execution."""
        waited: dict[str, str] = {}
        for step in steps:
            if step.threads:
                self.add_reason("the launcher has threads: the order of their memory accesses is not controlled")
            if step.shares_memory:
                self.add_reason(f"{step.actor} may share memory with another process: its use is not seen")
            if step.waits == "?":
                self.add_reason(f"{step.actor} waits in a call that is not visible, such as read of a pipe")
            if waited.get(step.actor) == step.call and _has_timed_out(step):
                self.add_reason(f"a wait timed out: {step.call} of {step.actor}")
            if step.timeout and (wait := f"{step.waits} of {step.actor}") not in self.waits:
                self.waits.append(wait)
            waited[step.actor] = step.waits


def _has_timed_out(step: StepTaken) -> bool:
    """Whether a wait has ended by time alone."""
    if step.when == "entry" or CALLS.get(step.call, CALLS["exit"]).timeout is None:
        return False
    return step.result == (-errno.EAGAIN if step.call == "rt_sigtimedwait" else 0)


def _signals(count: int) -> str:
    return "1 signal" if count == 1 else f"{count} signals"


class Played(NamedTuple):
    """One execution that counts: its schedule, as short as it can be, and its history."""

    schedule: Schedule
    history: History


class CompleteSearch:
    """Explores one scenario. part: the part of the script in which stimuli are given; sets: the stimuli of each
    exploration; each of them is given once."""

    def __init__(self, play: Play, scenario: Scenario, part: int, sets: Sequence[tuple[Stimulated, ...]]) -> None:
        self._play, self._scenario, self._part, self._sets = play, scenario, part, sets
        self._left = list(sets)
        self.account = Account()

    def visits(self) -> Iterator[Played]:
        """Yield one execution of each class. When this is exhausted, all were played."""
        while self._left:
            yield from self._of_set(self._left[0])
            self._left.pop(0)
        self.account.is_exhausted = True

    def _of_set(self, stimuli: tuple[Stimulated, ...]) -> Iterator[Played]:
        account, count = self.account, len(stimuli)
        account.classes.setdefault(count, 0)
        texts = set(map(str, stimuli))
        search = Search(lambda choices: self._run(choices, stimuli), dependent)
        try:
            for visit in search.visits():
                account.deepest = max(account.deepest, visit.depth)
                # where the launcher ends before all stimuli are given, it is one of the executions with fewer
                given = sum(step.actor in texts for step in visit.steps)
                if visit.is_redundant or given < count:
                    account.redundant += 1
                    continue
                account.classes[count] += 1
                yield Played(Schedule(order=shortest(visit.record.facts(StepTaken), stimuli, self._part)), visit.record)
        except Diverged as reason:
            account.add_reason(f"the launcher's calls differ from run to run: {reason}")

    def _run(self, choices: tuple[str, ...], stimuli: tuple[Stimulated, ...]) -> tuple[list[Step[Effect]], History]:
        texts = {str(stimulus): stimulus for stimulus in stimuli}
        made: tuple[Choice, ...] = tuple(texts.get(choice) or RunTask(choice) for choice in choices)
        return self._steps(TotalOrder(made, stimuli, self._part))

    def _steps(self, order: TotalOrder) -> tuple[list[Step[Effect]], History]:
        history = self._play(self._scenario, Schedule(order=order))
        taken = history.facts(StepTaken)
        self.account.look_at(taken)
        # a choice that only made the execution shorter to find could not be carried out: nothing is missing
        kept = tuple(event for event in history.events if not isinstance(event.fact, ChoiceRefused))
        return steps_of(taken, history.scenario.stage.terminal), msgspec.structs.replace(history, events=kept)

    def guess(self, until: float = math.inf) -> None:
        """Estimate the number of all classes: those that were played, and of what was not played to its end by random
        executions. Each is chosen with a known probability, so its inverse, divided by the number of interleavings in
        its class, is an unbiased estimate of the number of classes (Knuth, Estimating the Efficiency of Backtrack
        Programs, 1975). until: the moment, on the monotonic clock, after which no more are played."""
        done = [one for one in self._sets if one not in self._left]
        total, variance = 0.0, 0.0
        descents = 0
        for number, stimuli in enumerate(self._left):
            weights: list[float] = []
            share = time.monotonic() + (until - time.monotonic()) / (len(self._left) - number)
            while len(weights) < FEWEST_DESCENTS or (len(weights) < DESCENTS and time.monotonic() < share):
                weights.append(self._weight(stimuli, len(weights)))
            descents += len(weights)
            mean = sum(weights) / len(weights)
            total += mean
            variance += sum((weight - mean) ** 2 for weight in weights) / (len(weights) - 1) / len(weights)
        total += sum(count for k, count in self.account.classes.items() if k in {len(one) for one in done})
        self.account.estimate = Estimate(total, math.sqrt(variance), descents)

    def _weight(self, stimuli: tuple[Stimulated, ...], seed: int) -> float:
        steps, _ = self._steps(TotalOrder((), stimuli, self._part, seed))
        return math.prod(1 / _probability(step) for step in steps) / linearizations(steps)


def _probability(step: Step[Effect]) -> float:
    """Return how probable a random choice was."""
    stimuli = [actor for actor, does in step.enabled.items() if does == "stimulus"]
    share = 0.0 if not stimuli else SHARE_OF_STIMULI if len(stimuli) < len(step.enabled) else 1.0
    is_stimulus = step.actor in stimuli
    return share / len(stimuli) if is_stimulus else (1 - share) / (len(step.enabled) - len(stimuli))


def stimuli_sets(stimuli: Sequence[Stimulated], most: int) -> list[tuple[Stimulated, ...]]:
    """Return every choice of one to `most` stimuli, fewer first; one may occur several times. Without stimuli, or for
    none, the empty one."""
    if not stimuli or not most:
        return [()]
    return [some for k in range(1, most + 1) for some in itertools.combinations_with_replacement(stimuli, k)]


def steps_of(taken: Sequence[StepTaken], has_terminal: bool) -> list[Step[Effect]]:
    """Return the steps of an execution for the reduction."""
    effects = StepEffects(has_terminal)
    after = [[able.actor for able in step.able] for step in taken[1:]]
    return [
        Step(step.actor, {able.actor: able.does for able in step.able}, effects.of(step, able))
        for step, able in zip(taken, [*after, []], strict=True)
    ]


def shortest(taken: Sequence[StepTaken], stimuli: Sequence[Stimulated], part: int) -> TotalOrder:
    """Return the order of an execution without its last choices, where these are what is chosen anyway."""
    texts = {str(stimulus): stimulus for stimulus in stimuli}
    keep = 1
    for number, step in enumerate(taken):
        able = [one.actor for one in step.able]
        last = taken[number - 1].actor if number else ""
        chosen = last if last in able and last not in texts else able[0]
        if step.actor in texts or step.actor != chosen:
            keep = number + 1
    return TotalOrder(tuple(texts.get(step.actor) or RunTask(step.actor) for step in taken[:keep]), (), part)


def linearizations(steps: Sequence[Step[Effect]]) -> int:
    """Return in how many orders these steps can be, if dependent ones keep theirs. By counting from every set of steps
    that can be the first ones: of each actor so many."""
    actors = list(dict.fromkeys(step.actor for step in steps))
    of_actor = [[n for n, step in enumerate(steps) if step.actor == actor] for actor in actors]
    before = [_predecessors(steps, n) for n in range(len(steps))]
    counts: dict[tuple[int, ...], int] = {(0,) * len(actors): 1}
    for _ in steps:
        following: dict[tuple[int, ...], int] = {}
        for done, count in counts.items():
            played = {n for numbers, some in zip(of_actor, done, strict=True) for n in numbers[:some]}
            for place, numbers in enumerate(of_actor):
                if done[place] < len(numbers) and before[numbers[done[place]]] <= played:
                    key = (*done[:place], done[place] + 1, *done[place + 1 :])
                    following[key] = following.get(key, 0) + count
        counts = following
    return sum(counts.values())


def _predecessors(steps: Sequence[Step[Effect]], number: int) -> set[int]:
    mine = steps[number]
    return {n for n in range(number) if steps[n].actor == mine.actor or dependent(steps[n].effect, mine.effect)}
