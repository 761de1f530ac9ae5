"""Has generated scripts played on a launcher, until enough are objected to or time is up."""

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

from proctor.conformance.checks.common import NotApplicable, NotObservable
from proctor.conformance.checks.interleavings import Broken, broken_by
from proctor.conformance.judging.judge import Bare, needs_stage, not_claimed
from proctor.conformance.spec import requirements
from proctor.harness.errors import HarnessError
from proctor.harness.explorer.draft import Draft, written
from proctor.harness.explorer.drawn_schedules import placed
from proctor.harness.explorer.move_rules import TYPED_AHEAD
from proctor.harness.explorer.shrink import shrunk
from proctor.harness.explorer.strategies import MOST_MOVES, machine
from proctor.harness.history import History, PointReached, Unobserved
from proctor.harness.scenario import INIT, JOB, LEADER, PIPES, Scenario, Stage, key_of
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

REPLAYS = 3
"""How often a script that is objected to is played, before it counts."""
PLAIN = 4
"""Moves of a script at most that nobody needs to look for a shorter one of."""
CHUNK = 10
"""Scripts for one seed. From the eleventh on Hypothesis makes most of what it draws out of what it has drawn: of a
hundred scripts sixty had been played before, and 500 of the others had 340 pairs of moves in them instead of 450."""
MOST_KEPT = 1000
"""Scripts of which it is remembered what came of them, and what the bare command did: some 50 KB each."""
SHELL = Stage(terminal=True, under="bash")


class ScheduledPlayer(Protocol):
    """Plays a scenario on a target, under a schedule or not: proctor.harness.execute.execute."""

    def __call__(self, target: Target, scenario: Scenario, schedule: Schedule | None = None, /) -> History:
        """Return the history; raise HarnessError where the harness fails."""
        ...


class GeneratedScript(NamedTuple):
    """What is played: a scenario, under a schedule or not, and the draft that it was made of."""

    draft: Draft
    scenario: Scenario

    @property
    def schedule(self) -> Schedule | None:
        """The schedule, None where there is none."""
        return Schedule(self.draft.directives) if self.draft.directives else None

    @property
    def length(self) -> int:
        """How much there is to read."""
        return len(self.scenario.steps) + len(self.draft.directives)


class ScriptFailure(Exception):
    """A script that a launcher does not stand; one class for each requirement, so that Hypothesis tells them apart."""

    def __init__(self, broken: Broken, script: GeneratedScript, history: History) -> None:
        super().__init__(f"{broken.requirement}: {broken.violation.required}; actual: {broken.violation.actual}")
        self.broken, self.script, self.history = broken, script, history

    @property
    def requirement(self) -> str:
        """The requirement that is broken."""
        return self.broken.requirement


@functools.cache
def _kind(requirement: str) -> type[ScriptFailure]:
    return type(f"Breaks{requirement.replace('-', '')}", (ScriptFailure,), {})


class HuntStats(msgspec.Struct):
    """What has been played. scheduled: of these, under a schedule; unstable: requirements that seemed broken, and were
    not each time the script was played; invalid: why scripts did not work with the bare command; pairs: how often one
    move came after another; passed, met: points of the launcher, and those of them at which something was done."""

    played: int = 0
    scheduled: int = 0
    invalid: Counter[str] = msgspec.field(default_factory=Counter)
    unstable: Counter[str] = msgspec.field(default_factory=Counter)
    moves: Counter[str] = msgspec.field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    passed: set[str] = msgspec.field(default_factory=set)
    met: set[str] = msgspec.field(default_factory=set)

    def add(self, other: HuntStats) -> None:
        """Take in what somebody else has played."""
        self.played += other.played
        self.scheduled += other.scheduled
        for name in ("unstable", "invalid", "moves", "pairs", "passed", "met"):
            getattr(self, name).update(getattr(other, name))


class Hunter:
    """Judges generated scripts on one target. `told` hears at once of each objection that is the shortest so far;
    schedules: whether some of them are played under one; stages: those on which the launcher is to stand, the plainest
    first."""

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
        """The shortest objection for each requirement."""
        self._known: frozenset[str] = frozenset()

    @property
    def plain(self) -> frozenset[str]:
        """The requirements for which there is an objection that is short enough."""
        return frozenset(name for name, one in self.found.items() if len(one.script.draft.moves) <= PLAIN)

    def leave_out(self, known: Iterable[str]) -> None:
        """Do not look for these requirements from now on: there is an objection already."""
        if self._known != frozenset(known) or len(self._judged) > MOST_KEPT:  # a hunt may go on for days
            self._judged.clear()
            self._bare = Bare(self._play)
        self._known = frozenset(known)

    def judge(self, draft: Draft) -> None:
        """Play one script; raise Objection where the launcher breaks a requirement by it, each time it is played."""
        draft, scenario = written(draft)
        key = (key_of(scenario), draft.drawn)
        if key not in self._judged:  # Hypothesis comes by the same script again and again
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
            self._told(objection)  # now: shrinking takes time, and somebody may end the hunt
            self._shrink(objection)
        return objection

    def _confirmed(self, script: GeneratedScript) -> ScriptFailure | None:
        """Return what a script is objected to for, where that is so each time it is played."""
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
        """Keep the plainest script that is objected to for the same."""
        name = objection.requirement

        def is_objected(draft: Draft) -> bool:
            said = self._broken(
                GeneratedScript(*written(draft))
            )  # once: what is left at the end is played as often as any
            return said is not None and said[0].requirement == name

        small = shrunk(objection.script.draft, (*self.stages, TYPED_AHEAD), is_objected)
        again = self._confirmed(GeneratedScript(*written(small)))
        if again and again.requirement == name and again.script.length < objection.script.length:
            self.found[name] = again
            self._told(again)

    def _note(self, script: GeneratedScript) -> None:
        account, rules = self.account, script.draft.rules
        pairs = set(itertools.pairwise(rules))
        # for HypoFuzz: a seed of our own is over before Hypothesis would climb by it
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
        """Return a draft with what was drawn as directives, once the launcher has shown which points it passes."""
        if not (draft.drawn and self.schedules):
            return draft._replace(drawn=())
        history = self._play(self._target, scenario, Schedule(record=True))
        self.schedules = not history.facts(Unobserved)
        points = [fact.at for fact in history.facts(PointReached)]
        self.account.passed.update(map(str, points))
        return draft._replace(drawn=(), directives=placed(draft.drawn, points).directives)

    def _broken(self, script: GeneratedScript) -> tuple[Broken, History] | None:
        """Return the requirement that the launcher breaks by this script, with the history. It is the first: what else
        is not as it should be may be a consequence of it, also where that one is known or declared."""
        scenario = script.scenario
        try:
            bare, _ = self._bare.of(self._target, scenario) if scenario.starts_command else (None, 0)
        except HarnessError as error:
            self.account.invalid[str(error)] += 1
            return None
        history = self._play(self._target, scenario, script.schedule)
        try:
            needs_stage(history)
            found = broken_by(history, bare or history)
        except (NotApplicable, NotObservable):
            return None
        return (found[0], history) if found and self._counts(found[0]) else None

    def _counts(self, broken: Broken) -> bool:
        name = broken.requirement
        if name in self._known or name in self._target.deviations:
            return False
        return not not_claimed(requirements()[name], self._target, ())


def stages_for(launcher: Target) -> tuple[Stage, ...]:
    """Return the stages on which a target is to stand."""
    return (PIPES, JOB, LEADER, SHELL, *((INIT,) if "init" in launcher.profiles else ()))


def hunt(hunter: Hunter, number: int, database: ExampleDatabase | None) -> None:
    """Play the scripts of one seed; what is objected to is shrunk to the fewest and plainest moves, and kept by the
    hunter."""
    script = seed(number)(machine(hunter.stages, hunter.judge, hunter.schedules))
    asked = settings(
        max_examples=CHUNK, stateful_step_count=MOST_MOVES, deadline=None, database=database, print_blob=False,
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
    """Play the scripts of one seed after the other, until one of these requirements is found broken by a short one."""
    for number in seeds:
        hunt(hunter, number, None)
        hunter.leave_out(hunter.plain)
        if hunter.plain & set(wanted):
            return
