"""Is the reduction of `--strategy complete` sound for real processes? Programs that a seed has generated are played in
all interleavings, without any reduction, and by `complete`: both find the same outcomes. With a dependence that is
missing they do not, so the comparison can fail.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from proctor.harness import dependence
from proctor.harness.execute import execute
from proctor.harness.explorer.complete import CompleteSearch
from proctor.harness.history import Ended, History, Snapshot, StepTaken
from proctor.harness.scenario import PIPES, Scenario, Settle
from proctor.harness.schedule import Choice, Deliver, RunTask, Schedule, Stimulated, TotalOrder
from proctor.harness.target import Target
from tests.built_for_tests import compiled

SEEDS, PROGRAMS = 20, 10
"""Seeds, and the programs that are drawn from each: 200 in all."""
MOST_INTERLEAVINGS = 40
"""Of a program; one with more is left out."""
TERM = Deliver(15)
ALONE = Scenario((Settle(),), PIPES, "missing")
"""The program is not given a command that it could start."""
WINDOWS: dict[str, tuple[str, ...]] = {
    "signal before the group is there (dumb-init 1.2.5)": ("fG", "g"),
    "pid stored after the handler is set (GNU timeout)": ("hfK", "a"),
    "child looked for before it has ended": ("fnw", ""),
    "flag before pause": ("hp", ""),
    "parent gone before it is asked for": ("f", "a"),
    "death signal set too late": ("f", "hDa"),
    "directory removed before it is made": ("fx", "m"),
    "pipe closed before it is written": ("ofyr", "W"),
    "mask opened before the handler": ("bfhu", "k"),
    "setpgid by both": ("fP", "g"),
    "killed before it runs": ("f9w", "a"),
}
"""Planted windows: what the launcher and its child do; see scripted.c."""


class Program(NamedTuple):
    """The scripts of a launcher and of its children, and whether a signal is sent to it."""

    scripts: tuple[str, ...]
    stimuli: tuple[Stimulated, ...] = ()


def drawn(rng: random.Random) -> Program:
    """Draw a small program. Its interleavings are few: what is before the fork has no other order."""
    before = "".join(rng.sample("hibcoD", rng.randint(0, 2)))
    signalled = rng.random() < 0.3
    parent = "".join(rng.choice("wnKGPaqxuhdr9p") for _ in range(rng.randint(0, 1 if signalled else 2)))
    child = "".join(rng.choice("kgsamWyhdcun") for _ in range(rng.randint(0, 1 if signalled else 2)))
    scripts: tuple[str, ...] = (f"{before}f{parent}", child)
    if rng.random() < 0.1:
        scripts = (f"{before}ff{rng.choice('wn')}", "", rng.choice(("", "k")))
        signalled = False
    return Program(scripts, (TERM,) if signalled else ())


class Played:
    """Plays programs, and tells outcomes."""

    def __init__(self, directory: Path) -> None:
        self._program, self._log = compiled("scripted", directory), directory / "log"
        self.executions = 0

    def play(self, program: Program, scenario: Scenario, schedule: Schedule) -> History:
        self._log.write_bytes(b"")
        with contextlib.suppress(FileNotFoundError):
            self._log.with_suffix(".d").rmdir()
        self.executions += 1
        return execute(Target("scripted", (str(self._program), str(self._log), *program.scripts)), scenario, schedule)

    def outcome(self, history: History) -> Hashable:
        """Return what each process has seen, how the launcher has ended, and what is left."""
        seen: dict[str, list[str]] = {}
        for line in self._log.read_text().split():
            seen.setdefault(line[0], []).append(line[1:])
        ended = [(fact.process, fact.code, fact.signal) for fact in history.facts(Ended)]
        (last,) = (fact for fact in history.facts(Snapshot) if fact.when == "end")
        left = sorted(process.state for process in last.processes)
        return tuple(sorted((who, tuple(what)) for who, what in seen.items())), tuple(ended), tuple(left)

    def by_reduction(self, program: Program) -> tuple[set[Hashable], CompleteSearch]:
        search = CompleteSearch(partial(self.play, program), ALONE, 1, [program.stimuli])
        return {self.outcome(one.history) for one in search.visits()}, search

    def one_by_one(self, program: Program, most: int) -> Iterator[Hashable]:
        """Yield the outcome of each interleaving, None where the launcher ended before the signal; at most so many."""
        texts: dict[str, Choice] = {str(one): one for one in program.stimuli}
        todo: list[tuple[str, ...]] = [()]
        for _ in range(most):
            if not todo:
                return
            choices = todo.pop()
            order = TotalOrder(tuple(texts.get(name) or RunTask(name) for name in choices), program.stimuli)
            history = self.play(program, ALONE, Schedule(order=order))
            steps = history.facts(StepTaken)
            for n in range(len(choices), len(steps)):
                before = tuple(step.actor for step in steps[:n])
                others = [able.actor for able in steps[n].able if able.actor != steps[n].actor]
                todo += [(*before, other) for other in others]
            is_given = all(name in {step.actor for step in steps} for name in texts)
            yield self.outcome(history) if is_given else None

    def every(self, program: Program, most: int = MOST_INTERLEAVINGS) -> set[Hashable] | None:
        """Return the outcomes of all interleavings; None if there are too many."""
        found = list(self.one_by_one(program, most + 1))
        return set(found) - {None} if len(found) <= most else None


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("sound"))


@pytest.mark.parametrize("scripts", WINDOWS.values(), ids=WINDOWS.keys())
@pytest.mark.parametrize("stimuli", [(), (TERM,)], ids=["alone", "TERM"])
def test_planted_window_has_the_same_outcomes(
    played: Played, scripts: tuple[str, ...], stimuli: tuple[Stimulated, ...]
) -> None:
    program = Program(scripts, stimuli)
    outcomes, search = played.by_reduction(program)
    assert search.account.is_complete, str(search.account)
    assert outcomes == played.every(program, 1500)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_generated_programs_have_the_same_outcomes(
    played: Played, seed: int, record_property: Callable[[str, object], None]
) -> None:
    rng, compared, counts, several = random.Random(seed), 0, [0, 0], 0
    while compared < PROGRAMS:
        program = drawn(rng)
        before = played.executions
        every = played.every(program)
        if every is None:
            continue
        between = played.executions
        outcomes, search = played.by_reduction(program)
        assert outcomes == every, program
        assert search.account.is_complete, (program, str(search.account))
        compared += 1
        several += len(outcomes) > 1
        counts = [counts[0] + between - before, counts[1] + played.executions - between]
    record_property("interleavings", counts[0])
    record_property("executions_with_the_reduction", counts[1])
    assert several
    assert counts[1] < counts[0]


WRONG: dict[str, tuple[str, ...]] = {
    "group": ("fP", "sp"),
    "children pid": ("fn", ""),
    "alive": ("f", "ap"),
    "file": ("fx", "m"),
    "signals": ("hfu", "k"),
}
"""For each object a window that is lost without it."""


def touches(rule: str, kinds: str) -> bool:
    return any(kind in rule for kind in kinds.split())


@pytest.mark.parametrize(("kind", "scripts"), WRONG.items(), ids=WRONG.keys())
def test_a_missing_dependence_loses_an_outcome(
    played: Played, monkeypatch: pytest.MonkeyPatch, kind: str, scripts: tuple[str, ...]
) -> None:
    program = Program(scripts)
    every = played.every(program, 400)
    assert every
    assert played.by_reduction(program)[0] == every
    if kind == "signals":
        monkeypatch.setattr(dependence.StepEffects, "_sends", lambda *_: iter(()))
    else:
        wrong = {
            call: tuple(one for one in rules if not touches(one, kind)) for call, rules in dependence.TOUCHES.items()
        }
        monkeypatch.setattr(dependence, "TOUCHES", wrong)
        monkeypatch.setattr(dependence, "AT_END", tuple(one for one in dependence.AT_END if not touches(one, kind)))
    assert played.by_reduction(program)[0] < every
