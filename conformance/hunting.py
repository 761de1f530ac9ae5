"""Has generated scripts played on a launcher, until enough are objected to or time is up."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings, target
from hypothesis.database import ExampleDatabase
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from conformance.checks.common import NotApplicable, NotObservable
from conformance.checks.interleavings import Broken, broken_by
from conformance.judge import Bare, needs_stage, not_claimed
from conformance.spec import requirements
from harness.errors import HarnessError
from harness.explorer.drawn import Drawn, placed
from harness.explorer.strategies import INIT, JOB, LEADER, MOST_MOVES, PIPES, machine
from harness.history import History, Passed, Unobserved
from harness.scenario import Scenario, Stage, key_of
from harness.schedule import Schedule
from harness.target import Target

REPLAYS = 3
"""How often a script that is objected to is played, before it counts."""
CHUNK = 100
"""Scripts for one seed."""
SHELL = Stage(terminal=True, under="bash")


class Player(Protocol):
    """Plays a scenario on a target, under a schedule or not: harness.execute.execute."""

    def __call__(self, target: Target, scenario: Scenario, schedule: Schedule | None = None, /) -> History:
        """Return the history; raise HarnessError where the harness fails."""
        ...


class Script(NamedTuple):
    """What is played: a scenario, the moves that it is made of, and the schedule, None where there is none."""

    scenario: Scenario
    moves: tuple[str, ...]
    schedule: Schedule | None = None

    @property
    def length(self) -> int:
        """How much there is to read."""
        return len(self.scenario.steps) + (len(self.schedule.directives) if self.schedule else 0)


class Objection(Exception):
    """A script that a launcher does not stand; one class for each requirement, so that Hypothesis tells them apart."""

    def __init__(self, broken: Broken, script: Script, history: History) -> None:
        super().__init__(f"{broken.requirement}: {broken.violation.required}; actual: {broken.violation.actual}")
        self.broken, self.script, self.history = broken, script, history

    @property
    def requirement(self) -> str:
        """The requirement that is broken."""
        return self.broken.requirement


@functools.cache
def _kind(requirement: str) -> type[Objection]:
    return type(f"Breaks{requirement.replace('-', '')}", (Objection,), {})


class Account(msgspec.Struct):
    """What has been played. scheduled: of these, under a schedule; unstable: requirements that seemed broken, and were
    not each time the script was played; invalid: scripts that do not work with the bare command; pairs: how often one
    move came after another; passed, met: points of the launcher, and those of them at which something was done."""

    played: int = 0
    scheduled: int = 0
    invalid: int = 0
    unstable: Counter[str] = msgspec.field(default_factory=Counter)
    moves: Counter[str] = msgspec.field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    passed: set[str] = msgspec.field(default_factory=set)
    met: set[str] = msgspec.field(default_factory=set)

    def add(self, other: Account) -> None:
        """Take in what somebody else has played."""
        self.played += other.played
        self.scheduled += other.scheduled
        self.invalid += other.invalid
        for name in ("unstable", "moves", "pairs", "passed", "met"):
            getattr(self, name).update(getattr(other, name))


class Hunter:
    """Judges generated scripts on one target. `told` hears at once of each objection that is the shortest so far."""

    def __init__(
        self, launcher: Target, play: Player, told: Callable[[Objection], None] = lambda objection: None
    ) -> None:  # fmt: skip
        self._target, self._play, self._told = launcher, play, told
        self._bare = Bare(play)
        self._traces = True
        self._judged: dict[tuple[bytes, tuple[Drawn, ...]], Objection | None] = {}
        self.account = Account()
        self.found: dict[str, Objection] = {}
        """The shortest objection for each requirement."""
        self._known: frozenset[str] = frozenset()

    def leave_out(self, known: Iterable[str]) -> None:
        """Do not look for these requirements from now on: there is an objection already."""
        self._known = frozenset(known)
        self._judged.clear()

    def judge(self, scenario: Scenario, moves: tuple[str, ...], drawn: tuple[Drawn, ...] = ()) -> None:
        """Play one script; raise Objection where the launcher breaks a requirement by it, each time it is played."""
        key = (key_of(scenario), drawn)
        if key not in self._judged:  # while it shrinks Hypothesis comes by the same script again and again
            self._judged[key] = self._judge(scenario, moves, drawn)
        if objection := self._judged[key]:
            raise objection

    def _judge(self, scenario: Scenario, moves: tuple[str, ...], drawn: tuple[Drawn, ...]) -> Objection | None:
        script = Script(scenario, moves, self._schedule(scenario, drawn) if drawn and self._traces else None)
        self._note(script)
        first = self._broken(script)
        if not first:
            return None
        broken, history = first
        for _ in range(REPLAYS - 1):
            again = self._broken(script)
            if not again or again[0].requirement != broken.requirement:
                self.account.unstable[broken.requirement] += 1
                return None
        objection = _kind(broken.requirement)(broken, script, history)
        kept = self.found.get(objection.requirement)
        if kept is None or script.length < kept.script.length:
            self.found[objection.requirement] = objection
            self._told(objection)
        return objection

    def _note(self, script: Script) -> None:
        account, pairs = self.account, set(itertools.pairwise(script.moves))
        target(float(len(pairs - account.pairs.keys())), label="pairs of moves not seen before")
        account.played += 1
        account.moves.update(set(script.moves))
        account.pairs.update(pairs)
        if script.schedule:
            met = {str(directive.at) for directive in script.schedule.directives}
            target(float(len(met - account.met)), label="points at which nothing was done before")
            account.scheduled += 1
            account.met |= met

    def _schedule(self, scenario: Scenario, drawn: tuple[Drawn, ...]) -> Schedule | None:
        """Return what was drawn as a schedule, once the launcher has shown which points it passes."""
        history = self._play(self._target, scenario, Schedule(record=True))
        self._traces = not history.facts(Unobserved)
        points = [fact.at for fact in history.facts(Passed)]
        self.account.passed.update(map(str, points))
        return placed(drawn, points) if points else None

    def _broken(self, script: Script) -> tuple[Broken, History] | None:
        """Return the first requirement that the launcher breaks by this script, with the history."""
        scenario = script.scenario
        try:
            bare, _ = self._bare.of(self._target, scenario) if scenario.starts_command else (None, 0)
        except HarnessError:
            self.account.invalid += 1
            return None
        history = self._play(self._target, scenario, script.schedule)
        try:
            needs_stage(history)
            found = broken_by(history, bare or history)
        except (NotApplicable, NotObservable):
            return None
        return next(((broken, history) for broken in found if self._counts(broken)), None)

    def _counts(self, broken: Broken) -> bool:
        name = broken.requirement
        if name in self._known or name in self._target.deviations:
            return False
        return not not_claimed(requirements()[name], self._target, ())


def stages_for(launcher: Target) -> tuple[Stage, ...]:
    """Return the stages on which a target is to stand."""
    return (PIPES, JOB, LEADER, SHELL, *((INIT,) if "init" in launcher.profiles else ()))


def hunt(hunter: Hunter, stages: Sequence[Stage], number: int, database: ExampleDatabase | None) -> None:
    """Play the scripts of one seed; what is objected to is shrunk to the fewest and plainest moves, and kept by the
    hunter."""
    script = seed(number)(machine(stages, hunter.judge))
    asked = settings(
        max_examples=CHUNK, stateful_step_count=MOST_MOVES, deadline=None, database=database, print_blob=False,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        phases=(Phase.reuse, Phase.generate, Phase.target, Phase.shrink), report_multiple_bugs=True,
    )  # fmt: skip
    try:
        run_state_machine_as_test(script, settings=asked)
    except (Objection, Flaky):
        pass
    except ExceptionGroup as group:
        _, others = group.split((Objection, Flaky))
        if others:
            raise others from None


def hunt_for(hunter: Hunter, stages: Sequence[Stage], seeds: Iterable[int], wanted: str) -> None:
    """Play the scripts of one seed after the other, until a requirement is found broken."""
    for number in seeds:
        hunt(hunter, stages, number, None)
        hunter.leave_out(hunter.found)
        if wanted in hunter.found:
            return
