"""Plays generated scenarios on a launcher, judges them, and shortens those that break a requirement."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, Protocol

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings, target
from hypothesis.database import ExampleDatabase
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from proctor.conformance.checks.common import NotApplicable, NotObservable, needs_watched_command
from proctor.conformance.checks.interleavings import Broken, broken_by
from proctor.conformance.judging.deviations import declared
from proctor.conformance.judging.judge import Bare, needs_stage, not_claimed
from proctor.conformance.spec import requirements
from proctor.harness.errors import HarnessError
from proctor.harness.explorer.draft import Draft, normalized
from proctor.harness.explorer.drawn_schedules import to_schedule
from proctor.harness.explorer.move_rules import TYPED_AHEAD
from proctor.harness.explorer.shrink import shrink
from proctor.harness.explorer.strategies import MAX_MOVES, machine
from proctor.harness.history import History, PointReached, Unobserved
from proctor.harness.scenario import INIT, JOB, LEADER, PIPES, Scenario, Stage, key_of
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

REPLAYS = 3
"""Plays of a scenario with an objection before it counts; each must have the objection."""
SIMPLEST = 4
"""A finding with at most this many moves is short enough: the hunt looks for no shorter one."""
CHUNK = 10
"""Scenarios for one seed. From the eleventh on, Hypothesis mostly varies earlier draws: of a hundred scenarios sixty
had been played before, and 500 others had 340 pairs of moves instead of 450."""
MOST_KEPT = 1000
"""Scenarios whose results and bare histories are kept in memory: some 50 KB each."""
SHELL = Stage(terminal=True, parent="bash")


class ScheduledPlayer(Protocol):
    """Plays a scenario on a target, under a schedule or not: proctor.harness.execute.execute."""

    def __call__(self, target: Target, scenario: Scenario, schedule: Schedule | None = None, /) -> History:
        """Return the history; HarnessError if the harness fails."""
        ...


class GeneratedScript(NamedTuple):
    """A scenario to play, and the draft from which it was made, which may have a schedule."""

    draft: Draft
    scenario: Scenario

    @property
    def schedule(self) -> Schedule | None:
        """The schedule, or None."""
        return Schedule(self.draft.directives) if self.draft.directives else None

    @property
    def length(self) -> int:
        """The number of steps and directives: the shortest is kept."""
        return len(self.scenario.steps) + len(self.draft.directives)


class ScriptFailure(Exception):
    """A scenario that breaks a requirement. Each requirement has a subclass, so that Hypothesis tells them apart."""

    def __init__(self, broken: Broken, script: GeneratedScript, history: History) -> None:
        super().__init__(f"{broken.requirement}: {broken.violation}")
        self.broken, self.script, self.history = broken, script, history

    @property
    def requirement(self) -> str:
        """The requirement that is broken."""
        return self.broken.requirement


@functools.cache
def _kind(requirement: str) -> type[ScriptFailure]:
    return type(f"Breaks{requirement.replace('-', '')}", (ScriptFailure,), {})


class HuntStats(msgspec.Struct):
    """Counts of a hunt. scheduled: scenarios with a schedule; unstable: violations, by requirement, that did not come
    back in every play; invalid: why scenarios did not work with the bare command; pairs: consecutive moves; passed: the
    launcher's points; met: points with a directive."""

    played: int = 0
    scheduled: int = 0
    invalid: Counter[str] = msgspec.field(default_factory=Counter)
    unstable: Counter[str] = msgspec.field(default_factory=Counter)
    moves: Counter[str] = msgspec.field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    passed: set[str] = msgspec.field(default_factory=set)
    met: set[str] = msgspec.field(default_factory=set)

    def add(self, other: HuntStats) -> None:
        """Add the counts of another worker or seed."""
        self.played += other.played
        self.scheduled += other.scheduled
        for name in ("unstable", "invalid", "moves", "pairs", "passed", "met"):
            getattr(self, name).update(getattr(other, name))


class Hunter:
    """Judges generated scenarios on one target. told: called at once with each failure that is the shortest so far;
    schedules: whether some scenarios get a schedule; stages: the stages to use, the simplest first."""

    def __init__(
        self, launcher: Target, play: ScheduledPlayer, told: Callable[[ScriptFailure], None] = lambda objection: None,
        schedules: bool = True,
    ) -> None:  # fmt: skip
        self._target, self._play, self._told = launcher, play, told
        self.stages = stages_for(launcher)
        self._bare = Bare(play)
        self.schedules = schedules
        self._judged: dict[object, ScriptFailure | None] = {}
        self.account = HuntStats()
        self.found: dict[str, ScriptFailure] = {}
        """The shortest failure for each requirement."""
        self._known: frozenset[str] = frozenset()

    @property
    def plain(self) -> frozenset[str]:
        """The requirements with a failure that is short enough."""
        return frozenset(name for name, one in self.found.items() if len(one.script.draft.moves) <= SIMPLEST)

    def leave_out(self, known: Iterable[str]) -> None:
        """Do not look for violations of these requirements from now on."""
        if self._known != frozenset(known) or len(self._judged) > MOST_KEPT:  # a hunt may go on for days
            self._judged.clear()
            self._bare = Bare(self._play)
        self._known = frozenset(known)

    def judge(self, draft: Draft) -> None:
        """Play one scenario; raise ScriptFailure if the launcher breaks a requirement in every play."""
        draft, scenario = normalized(draft)
        key = (key_of(scenario), draft.drawn)
        if key not in self._judged:  # Hypothesis repeats scenarios
            self._judged[key] = self._judge(GeneratedScript(self._placed(draft, scenario), scenario))
        if objection := self._judged[key]:
            raise objection

    def _judge(self, script: GeneratedScript) -> ScriptFailure | None:
        self._note(script)
        objection = self._confirmed(script)
        if not objection:
            return None
        kept = self.found.get(objection.requirement)
        if kept is None or script.length < kept.script.length:
            self.found[objection.requirement] = objection
            self._told(objection)  # before shrinking, which takes time: the hunt may be ended
            self._shrink(objection)
        return objection

    def _confirmed(self, script: GeneratedScript) -> ScriptFailure | None:
        """Return the failure of a scenario, if it comes back in every play."""
        first = self._broken(script)
        if not first:
            return None
        broken, history = first
        for _ in range(REPLAYS - 1):
            again = self._broken(script)
            if not again or again[0].requirement != broken.requirement:
                self.account.unstable[broken.requirement] += 1
                return None
        return _kind(broken.requirement)(broken, script, history)

    def _shrink(self, objection: ScriptFailure) -> None:
        """Keep the simplest scenario that breaks the same requirement."""
        name = objection.requirement

        def is_objected(draft: Draft) -> bool:
            said = self._broken(GeneratedScript(*normalized(draft)))  # one play; the result is confirmed below
            return said is not None and said[0].requirement == name

        small = shrink(objection.script.draft, (*self.stages, TYPED_AHEAD), is_objected)
        again = self._confirmed(GeneratedScript(*normalized(small)))
        if again and again.requirement == name and again.script.length < objection.script.length:
            self.found[name] = again
            self._told(again)

    def _note(self, script: GeneratedScript) -> None:
        account, rules = self.account, script.draft.rules
        pairs = set(itertools.pairwise(rules))
        # for HypoFuzz: our own seeds end before Hypothesis would use it
        target(float(len(pairs - account.pairs.keys())), label="pairs of moves not seen before")
        account.played += 1
        account.moves.update(set(rules))
        account.pairs.update(pairs)
        if script.schedule:
            met = {str(directive.at) for directive in script.schedule.directives}
            target(float(len(met - account.met)), label="points at which nothing was done before")
            account.scheduled += 1
            account.met |= met

    def _placed(self, draft: Draft, scenario: Scenario) -> Draft:
        """Return a draft whose drawn choices are directives. Plays it once to learn the points of the launcher."""
        if not (draft.drawn and self.schedules):
            return draft._replace(drawn=())
        history = self._play(self._target, scenario, Schedule(record=True))
        self.schedules = not history.facts(Unobserved)
        points = [fact.at for fact in history.facts(PointReached)]
        self.account.passed.update(map(str, points))
        return draft._replace(drawn=(), directives=to_schedule(draft.drawn, points).directives)

    def _broken(self, script: GeneratedScript) -> tuple[Broken, History] | None:
        """Return the requirement that the launcher breaks in this scenario, with the history; else None. Only the first
        violation counts: others may be its consequences, even if it is known or declared."""
        scenario = script.scenario
        try:
            bare, _ = self._bare.of(self._target, scenario) if scenario.starts_command else (None, 0)
        except HarnessError as error:
            self.account.invalid[str(error)] += 1
            return None
        history = self._play(self._target, scenario, script.schedule)
        try:
            needs_stage(history)
            needs_watched_command(history)
            found = broken_by(history, bare or history)
        except (NotApplicable, NotObservable):
            return None
        return (found[0], history) if found and self._counts(found[0], scenario.stage.name) else None

    def _counts(self, broken: Broken, stage: str) -> bool:
        name = broken.requirement
        if name in self._known or declared(self._target, broken.violation, name, stage):
            return False
        return not not_claimed(requirements()[name], self._target, ())


def stages_for(launcher: Target) -> tuple[Stage, ...]:
    """Return the stages for scenarios of a target."""
    return (PIPES, JOB, LEADER, SHELL, *((INIT,) if "init" in launcher.profiles else ()))


def hunt(hunter: Hunter, number: int, database: ExampleDatabase | None) -> None:
    """Play the scenarios of one seed. The hunter shortens failures to the fewest and simplest moves, and keeps them."""
    script = seed(number)(machine(hunter.stages, hunter.judge, hunter.schedules))
    asked = settings(
        max_examples=CHUNK, stateful_step_count=MAX_MOVES, deadline=None, database=database, print_blob=False,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        phases=(Phase.reuse, Phase.generate), report_multiple_bugs=True,
    )  # fmt: skip
    try:
        run_state_machine_as_test(script, settings=asked)
    except (ScriptFailure, Flaky):
        pass
    except ExceptionGroup as group:
        _, others = group.split((ScriptFailure, Flaky))
        if others:
            raise others from None


def hunt_for(hunter: Hunter, seeds: Iterable[int], wanted: Collection[str]) -> None:
    """Play seed after seed, until a short scenario breaks one of these requirements."""
    for number in seeds:
        hunt(hunter, number, None)
        hunter.leave_out(hunter.plain)
        if hunter.plain & set(wanted):
            return
