"""Has generated scripts played on a launcher, until one is objected to or time is up."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, Verbosity, reject, seed, settings
from hypothesis.database import ExampleDatabase
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from conformance.checks.common import NotApplicable, NotObservable
from conformance.checks.interleavings import Broken, broken_by
from conformance.judge import Bare, Player, needs_stage, not_claimed
from conformance.spec import requirements
from harness.errors import HarnessError
from harness.explorer.strategies import INIT, JOB, LEADER, MOST_MOVES, PIPES, machine
from harness.history import History, Missed
from harness.scenario import Scenario, Stage
from harness.target import Target

REPLAYS = 3
"""How often a script that is objected to is played again, before it counts."""
CHUNK = 100
"""Scripts for one seed."""
SHELL = Stage(terminal=True, under="bash")


class Objection(Exception):
    """A script that a launcher does not stand; one class for each requirement, so that Hypothesis tells them apart."""

    def __init__(self, broken: Broken, scenario: Scenario, moves: int, history: History) -> None:
        super().__init__(f"{broken.requirement}: {broken.violation.required}; actual: {broken.violation.actual}")
        self.broken, self.scenario, self.moves, self.history = broken, scenario, moves, history


@functools.cache
def _kind(requirement: str) -> type[Objection]:
    return type(f"Breaks{requirement.replace('-', '')}", (Objection,), {})


class Hunted(NamedTuple):
    """What came of a hunt. played: how many scripts; unstable: requirements that seemed broken, and were not each time
    the script was played again; invalid: scripts that do not work with the bare command."""

    objections: tuple[Objection, ...]
    played: int
    unstable: Counter[str]
    invalid: int
    seconds: float


class Hunter:
    """Judges generated scripts on one target. `only`: the requirements that count, all where it is empty."""

    def __init__(self, target: Target, play: Player, deadline: float, only: frozenset[str] = frozenset()) -> None:
        self._target, self._play, self._deadline, self._only = target, play, deadline, only
        self._bare = Bare(play)
        self.played = self.invalid = 0
        self.unstable: Counter[str] = Counter()
        self.known: frozenset[str] = frozenset()
        """Requirements of which an objection is there already: they are not looked for again."""

    def judge(self, scenario: Scenario, moves: int) -> None:
        """Play one script; raise Objection where the launcher breaks a requirement by it, each time it is played."""
        if time.monotonic() > self._deadline:
            return
        self.played += 1
        first = self._broken(scenario)
        if not first:
            return
        broken, history = first
        for _ in range(REPLAYS - 1):
            again = self._broken(scenario)
            if not again or again[0].requirement != broken.requirement:
                self.unstable[broken.requirement] += 1
                return
        raise _kind(broken.requirement)(broken, scenario, moves, history)

    def _broken(self, scenario: Scenario) -> tuple[Broken, History] | None:
        """Return the first requirement that the launcher breaks by this script, with the history."""
        try:
            bare, _ = self._bare.of(self._target, scenario) if scenario.starts_command else (None, 0)
        except HarnessError:
            self.invalid += 1
            reject()
        history = self._play(self._target, scenario)
        try:
            needs_stage(history)
            found = broken_by(history, bare or history)
        except (NotApplicable, NotObservable):
            return None
        return next(((broken, history) for broken in found if self._counts(broken)), None)

    def _counts(self, broken: Broken) -> bool:
        name = broken.requirement
        if name in self.known or (self._only and name not in self._only) or name in self._target.deviations:
            return False
        return not not_claimed(requirements()[name], self._target, ())


def stages_for(target: Target) -> tuple[Stage, ...]:
    """Return the stages on which a target is to stand."""
    return (PIPES, JOB, LEADER, SHELL, *((INIT,) if "init" in target.profiles else ()))


def hunt(
    hunter: Hunter, stages: Sequence[Stage], seconds: float, first_seed: int,
    database: ExampleDatabase | None = None, enough: Callable[[list[Objection]], bool] = bool,
) -> Hunted:  # fmt: skip
    """Play chunks of scripts, a seed for each, for so many seconds or until there is enough."""
    start = time.monotonic()
    found: list[Objection] = []
    number = first_seed
    while time.monotonic() - start < seconds and not enough(found):
        found += _chunk(hunter, stages, number, database)
        hunter.known = frozenset(one.broken.requirement for one in found)
        number += 1
    return Hunted(tuple(found), hunter.played, hunter.unstable, hunter.invalid, time.monotonic() - start)


def _chunk(
    hunter: Hunter, stages: Sequence[Stage], number: int, database: ExampleDatabase | None
) -> list[Objection]:  # fmt: skip
    """Return what one seed comes to, shrunk."""
    script = seed(number)(machine(stages, hunter.judge))
    asked = settings(
        max_examples=CHUNK, stateful_step_count=MOST_MOVES, deadline=None, database=database, print_blob=False,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        phases=(Phase.reuse, Phase.generate, Phase.target, Phase.shrink), report_multiple_bugs=True,
    )  # fmt: skip
    try:
        run_state_machine_as_test(script, settings=asked)
    except Objection as objection:
        return [objection]
    except ExceptionGroup as group:
        return [one for one in group.exceptions if isinstance(one, Objection)]
    except Flaky:
        hunter.unstable["while it was shrunk"] += 1
    return []


def missed_in(history: History) -> list[str]:
    """Return what did not come."""
    return [fact.what for fact in history.facts(Missed)]
