"""Plays one execution of each class of equivalent interleavings: stateless exploration with partial order reduction.

The algorithm is source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Source Sets, JACM 64(4), 2017). It
knows nothing of processes: `run` plays a list of choices, and then goes on by a fixed rule until nothing is enabled.

Two executions are equivalent if one results from the other by exchanging neighbouring independent steps. If two steps
are independent, neither enables, disables or changes the other, and their order has no effect. If they are dependent,
and their order can be reversed, some execution is played in which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

Effect = TypeVar("Effect")
"""What is known of an executed step; input of `dependent`."""
Record = TypeVar("Record")
"""What `run` returns besides the steps, for the caller."""


class Step(NamedTuple, Generic[Effect]):
    """One step. actor: which task, or which stimulus. enabled: the actors that could have been chosen instead, and what
    each would do; the chosen one is among them. effect: what the step did."""

    actor: str
    enabled: Mapping[str, Hashable]
    effect: Effect


Run = Callable[[tuple[str, ...]], tuple[Sequence[Step[Effect]], Record]]
"""Plays these choices, then others until nothing is enabled; returns all steps."""


class Visit(NamedTuple, Generic[Effect, Record]):
    """One execution. depth: the number of its first steps that count; is_redundant: it is equivalent to an execution
    that was played before, from that depth on."""

    steps: Sequence[Step[Effect]]
    record: Record
    depth: int
    is_redundant: bool


class Diverged(Exception):
    """The same choices had another result than before: the reduction is not sound for this program."""

    def __init__(self, depth: int, before: str, now: str) -> None:
        super().__init__(f"step {depth + 1} was {before} before and is {now} now")
        self.depth = depth


class _Node(Generic[Effect]):
    """The state before one step of the current execution. done: the steps that were explored from here; sleep: those
    that need not be, because the executions that begin with them are equivalent to some that were played; wanted: the
    actors that are to be explored, each with the choices that follow."""

    def __init__(self, enabled: Mapping[str, Hashable], sleep: dict[str, Effect]) -> None:
        self.enabled, self.sleep = enabled, sleep
        self.done: dict[str, Effect] = {}
        self.wanted: dict[str, tuple[str, ...]] = {}
        self.cancelled: dict[str, Effect] = {}
        """The steps of `sleep` that the chosen step has cancelled."""
        self.chosen = ""

    def want(self, actor: str, then: tuple[str, ...] = ()) -> None:
        self.wanted.setdefault(actor, then)

    def next_wanted(self) -> tuple[str, ...] | None:
        """Return the next choices to play from here; None if there are no more."""
        for actor, then in self.wanted.items():
            if actor not in self.done and actor not in self.sleep:
                return (actor, *then)
        return None


class Search(Generic[Effect, Record]):
    """One exploration. `visits` plays it; when that is exhausted, all classes were played."""

    def __init__(self, run: Run[Effect, Record], dependent: Callable[[Effect, Effect], bool]) -> None:
        self._run, self._dependent = run, dependent
        self._nodes: list[_Node[Effect]] = []
        self._effects: list[Effect] = []
        self._before: list[int] = []
        """For each step of the current execution the steps that happen before it, as a set of bits."""

    def visits(self) -> Iterator[Visit[Effect, Record]]:
        """Yield the executions; Diverged if the program is not deterministic."""
        choices: tuple[str, ...] | None = ()
        while choices is not None:
            steps, record = self._run(choices)
            depth, is_redundant = self._take(steps, choices)
            yield Visit(steps, record, depth, is_redundant)
            choices = self._next_choices()

    # -- one execution

    def _take(self, steps: Sequence[Step[Effect]], choices: tuple[str, ...]) -> tuple[int, bool]:
        """Add the steps of an execution to the current path; return how many count, and whether the rest is redundant.
        choices: those that were asked for."""
        start = len(self._nodes) - 1 if self._nodes else 0
        self._verify(steps, choices[: len(self._nodes)])
        for depth in range(start, len(steps)):
            step = steps[depth]
            if depth == len(self._nodes):
                self._nodes.append(_Node(step.enabled, self._sleep_of_next() if depth else {}))
            node = self._nodes[depth]
            if step.actor in node.sleep:
                self._avoid(node)
                return depth, True
            node.want(step.actor)
            node.cancelled = {}
            node.chosen, node.done[step.actor] = step.actor, step.effect
            self._effects.append(step.effect)
            self._before.append(0)
            self._find_races(steps, depth)
            self._find_cancelled(steps, depth)
        return len(steps), False

    def _verify(self, steps: Sequence[Step[Effect]], choices: tuple[str, ...]) -> None:
        """Raise Diverged unless the steps up to the new choice are as before."""
        for depth, (node, choice) in enumerate(zip(self._nodes, choices, strict=True)):
            step = steps[depth] if depth < len(steps) else None
            if step is None or dict(step.enabled) != dict(node.enabled):
                raise Diverged(
                    depth, f"one of: {_names(node.enabled)}", f"one of: {_names(step.enabled if step else {})}"
                )
            if step.actor != choice:
                raise Diverged(depth, choice, step.actor)

    def _sleep_of_next(self) -> dict[str, Effect]:
        """Return the steps that sleep after the last step: those that slept or were explored before it, and are
        independent of it."""
        node, effect = self._nodes[-1], self._effects[-1]
        others = {actor: other for actor, other in (node.sleep | node.done).items() if actor != node.chosen}
        return {actor: other for actor, other in others.items() if not self._dependent(other, effect)}

    def _avoid(self, node: _Node[Effect]) -> None:
        """The execution went on with a step that sleeps: go on from here with one that does not, if there is one."""
        if not node.wanted:
            awake = next((actor for actor in node.enabled if actor not in node.sleep), None)
            if awake is not None:
                node.want(awake)

    def _find_races(self, steps: Sequence[Step[Effect]], last: int) -> None:
        """Find the steps that are in a race with the last one: dependent, and not ordered by a step between them."""
        before, effects = self._before, self._effects
        actor, ordered = steps[last].actor, 0
        for first in range(last - 1, -1, -1):
            if ordered >> first & 1:
                continue
            is_own = steps[first].actor == actor
            if is_own or self._dependent(effects[first], effects[last]):
                if not is_own:
                    self._reverse(steps, first, last)
                ordered |= before[first] | 1 << first
        before[last] = ordered
        for first, node in enumerate(self._nodes[:last]):
            # an execution in which a cancelled step comes after this one, and so has another effect
            cancelled = node.cancelled.values() if not ordered >> first & 1 else ()
            if any(self._dependent(effect, effects[last]) for effect in cancelled):
                self._reverse(steps, first, last)

    def _reverse(self, steps: Sequence[Step[Effect]], first: int, last: int) -> None:
        """Have an execution played in which the last step comes before the first, if that is possible."""
        node, actor = self._nodes[first], steps[last].actor
        between = [n for n in range(first + 1, last) if not self._before[n] >> first & 1]
        is_next = all(steps[n].actor != actor for n in range(first + 1, last))
        if is_next and actor not in node.enabled and actor in steps[first + 1].enabled:
            return  # the first enables the last
        sequence = [*between, last]
        members = sum(1 << n for n in sequence)
        initials = [steps[n].actor for n in between if not self._before[n] & members]
        if not any(self._precedes(steps, n, last) for n in between):
            initials.append(actor)
        initials = [one for one in initials if one in node.enabled]
        if not initials or any(one in node.wanted for one in initials):
            return
        order = [steps[n].actor for n in sequence]
        begin = order[0] if order[0] in initials else initials[0]
        then = tuple(order[1:]) if order[0] == begin else ()
        node.want(begin, then)

    def _precedes(self, steps: Sequence[Step[Effect]], earlier: int, later: int) -> bool:
        """Whether a step happens before the last one, whose predecessors are not complete yet."""
        is_own = steps[earlier].actor == steps[later].actor
        return is_own or self._dependent(self._effects[earlier], self._effects[later])

    def _find_cancelled(self, steps: Sequence[Step[Effect]], depth: int) -> None:
        """Find the actors that could have gone on before this step, and after it cannot, or do something else: by a
        signal, or because they were ended. What they would have done is in no execution that begins so."""
        node = self._nodes[depth]
        after = steps[depth + 1].enabled if depth + 1 < len(steps) else {}
        for actor, would_do in node.enabled.items():
            if actor != node.chosen and after.get(actor) != would_do:
                node.want(actor)
                if actor in node.sleep:
                    node.cancelled[actor] = node.sleep[actor]

    # -- from one execution to the next

    def _next_choices(self) -> tuple[str, ...] | None:
        """Return the choices of the next execution; None if all classes were played."""
        while self._nodes:
            node = self._nodes[-1]
            del self._effects[len(self._nodes) - 1 :], self._before[len(self._nodes) - 1 :]
            if wanted := node.next_wanted():
                return (*(one.chosen for one in self._nodes[:-1]), *wanted)
            self._nodes.pop()
        return None


def _names(enabled: Mapping[str, Hashable]) -> str:
    return ", ".join(f"{actor} ({what})" for actor, what in enabled.items()) or "nothing"
