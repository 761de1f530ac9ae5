"""The reduction on random abstract programs: it plays each class of interleavings once, and finds every outcome that
playing all interleavings finds. No processes: thousands of executions a second."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

import pytest

from proctor.harness.explorer.reduction import Diverged, Search, Step

PROGRAMS = 200
MOST_INTERLEAVINGS = 300


class Op(NamedTuple):
    """What a task does next. read, write: a variable; wait: until a variable is not 0; lock, unlock; start, stop:
    another task; interrupt: another task does one more thing before it goes on. A task that has to wait blocks in a
    step of its own, as a blocking system call does, and its return is another step."""

    what: str
    on: str


Access = tuple[tuple[str, bool], ...]
"""The objects that a step touched, and whether it changed them."""


def dependent(one: Access, other: Access) -> bool:
    return any(a == b and (x or y) for a, x in one for b, y in other)


class Model:
    """One execution of a program: the operations of each task. The first task runs from the start."""

    def __init__(self, program: dict[str, tuple[Op, ...]]) -> None:
        self.todo = {name: list(ops) for name, ops in program.items()}
        self.alive = {next(iter(program)), *(name for name in program if name.startswith("stimulus"))}
        self.variables: dict[str, int] = {}
        self.owner: dict[str, str] = {}
        self.blocked: dict[str, str] = {}
        self.log: dict[str, list[int]] = {name: [] for name in program}

    def enabled(self) -> dict[str, Hashable]:
        able = (name for name in sorted(self.alive) if self.todo[name] and name not in self.blocked)
        return {name: self.todo[name][0] for name in able}

    def do(self, name: str) -> Access:
        what, on = self.todo[name].pop(0)
        touched = [(f"task {name}", False), (on, what not in ("read", "wait", "return"))]
        match what:
            case "read" | "wait":
                self.log[name].append(self.variables.get(on, 0))
                if what == "wait" and not self.variables.get(on):
                    self._block(name, on)
            case "write":
                self.variables[on] = self.variables.get(on, 0) * 3 + 1 + list(self.todo).index(name)
                touched += [(f"task {woken}", True) for woken in sorted(self._wake(on))]
            case "lock":
                if self.owner.setdefault(on, name) != name:
                    self._block(name, on)
            case "unlock":
                if self.owner.get(on) == name:
                    del self.owner[on]
                    if waiting := self._wake(on)[:1]:
                        self.owner[on] = waiting[0]
                        touched.append((f"task {waiting[0]}", True))
            case "start":
                self.alive.add(on)
            case "stop" | "interrupt":
                if on in self.blocked:  # it changes who waits for what
                    touched.append((self.blocked.pop(on), True))
                if what == "stop":
                    self.alive.discard(on)
                elif on in self.alive:
                    self.todo[on].insert(0, Op("write", "caught"))
        return tuple((f"task {what}" if what in self.todo else what, changes) for what, changes in touched)

    def _block(self, name: str, on: str) -> None:
        self.blocked[name] = on
        self.todo[name].insert(0, Op("return", on))

    def _wake(self, on: str) -> list[str]:
        woken = [name for name, what in self.blocked.items() if what == on and name in self.alive]
        for name in woken if on != "l" else woken[:1]:
            del self.blocked[name]
        return woken

    def outcome(self) -> Hashable:
        return tuple(sorted(self.variables.items())), tuple((name, tuple(log)) for name, log in self.log.items())


def drawn(rng: random.Random) -> dict[str, tuple[Op, ...]]:
    names = ["a", "b", "c"][: rng.choice((2, 2, 3))]

    def op(of: str) -> Op:
        what = rng.choice(("read", "read", "write", "write", "wait", "lock", "unlock", "start", "stop", "interrupt"))
        others = [name for name in names if name != of]
        if what in ("start", "stop", "interrupt"):
            return Op(what, rng.choice(others))
        return Op(what, rng.choice(("l",) if "lock" in what else ("x", "y")))

    program = {name: tuple(op(name) for _ in range(rng.randint(1, 4))) for name in names}
    program["a"] = (*(Op("start", name) for name in names[1:]), *program["a"])
    if rng.random() < 0.6:
        program["stimulus"] = (Op(rng.choice(("interrupt", "stop")), rng.choice(names)),)
    return program


def runner(program: dict[str, tuple[Op, ...]]) -> Callable[[tuple[str, ...]], tuple[list[Step[Access]], Hashable]]:
    def run(choices: tuple[str, ...]) -> tuple[list[Step[Access]], Hashable]:
        model, steps, wanted, last = Model(program), [], list(choices), ""
        while enabled := model.enabled():
            if wanted and wanted[0] in enabled:
                actor = wanted.pop(0)
            else:
                wanted, actor = [], last if last in enabled else next(iter(enabled))
            steps.append(Step(actor, enabled, model.do(actor)))
            last = actor
        return steps, model.outcome()

    return run


def interleavings(program: dict[str, tuple[Op, ...]]) -> Iterator[tuple[tuple[tuple[str, Access], ...], Hashable]]:
    """Play all of them, without any reduction."""
    todo: list[tuple[str, ...]] = [()]
    while todo:
        choices = todo.pop()
        model, steps = Model(program), []
        for actor in choices:
            steps.append((actor, model.do(actor)))
        enabled = model.enabled()
        todo += [(*choices, actor) for actor in enabled]
        if not enabled:
            yield tuple(steps), model.outcome()


def class_of(steps: tuple[tuple[str, Access], ...]) -> Hashable:
    """Return the normal form of an interleaving (Foata): two are equivalent if theirs is the same."""
    levels: list[list[tuple[str, Access]]] = []
    for step in steps:
        n = len(levels)
        while n and all(one[0] != step[0] and not dependent(one[1], step[1]) for one in levels[n - 1]):
            n -= 1
        if n == len(levels):
            levels.append([])
        levels[n].append(step)
    return tuple(tuple(sorted(level)) for level in levels)


def programs() -> Iterator[tuple[dict[str, tuple[Op, ...]], list[tuple[tuple[tuple[str, Access], ...], Hashable]]]]:
    rng, count = random.Random(7), 0
    while count < PROGRAMS:
        program, played = drawn(rng), []
        for one in interleavings(program):
            played.append(one)
            if len(played) > MOST_INTERLEAVINGS:
                break
        if 1 < len(played) <= MOST_INTERLEAVINGS:
            count += 1
            yield program, played


def test_each_class_is_played_once_and_every_outcome_is_found() -> None:
    for program, played in programs():
        classes, outcomes = {class_of(steps) for steps, _ in played}, {outcome for _, outcome in played}
        visits = list(Search(runner(program), dependent).visits())
        whole = [visit for visit in visits if not visit.is_redundant]
        found = [class_of(tuple((step.actor, step.effect) for step in visit.steps)) for visit in whole]
        assert len(found) == len(set(found)), program
        assert set(found) == classes, program
        assert {visit.record for visit in whole} == outcomes, program


def test_fewer_executions_than_interleavings() -> None:
    counts = [(len(list(Search(runner(program), dependent).visits())), len(played)) for program, played in programs()]
    assert sum(reduced for reduced, _ in counts) < 0.5 * sum(every for _, every in counts)


@pytest.mark.parametrize("forgotten", ["x", "l", "task"])
def test_a_forgotten_dependence_loses_outcomes(forgotten: str) -> None:
    """So the comparison above can fail."""

    def wrong(one: Access, other: Access) -> bool:
        keep = [[access for access in accesses if not access[0].startswith(forgotten)] for accesses in (one, other)]
        return dependent(tuple(keep[0]), tuple(keep[1]))

    def loses(program: dict[str, tuple[Op, ...]], outcomes: set[Hashable]) -> bool:
        found = {visit.record for visit in Search(runner(program), wrong).visits() if not visit.is_redundant}
        return found != outcomes

    assert any(loses(program, {outcome for _, outcome in played}) for program, played in programs())


def test_a_program_that_is_not_deterministic_is_noticed() -> None:
    program: dict[str, tuple[Op, ...]] = {
        "a": (Op("start", "b"), Op("write", "x")),
        "b": (Op("write", "x"), Op("write", "y")),
    }
    other = program | {"b": (Op("write", "x"), Op("read", "y"))}
    runs = 0

    def run(choices: tuple[str, ...]) -> tuple[list[Step[Access]], Hashable]:
        nonlocal runs
        runs += 1
        return runner(program if runs == 1 else other | {"a": (Op("start", "b"), Op("read", "x"))})(choices)

    with pytest.raises(Diverged, match="step 2 was"):
        list(Search(run, dependent).visits())
