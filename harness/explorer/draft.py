"""A script before it is a scenario: a stage, and the moves that are made on it. Moves can be left out of it."""

from __future__ import annotations

import signal
from typing import Any, Literal, NamedTuple

from proctor.harness.explorer import ending_moves
from proctor.harness.explorer.drawn_schedules import Drawn, fitting
from proctor.harness.explorer.model import Model
from proctor.harness.explorer.move_rules import RULES
from proctor.harness.scenario import Order, Scenario, Stage, Step, WaitEnds
from proctor.harness.schedule import Directive

Command = Literal["witness", "missing", "forbidden"]


class Move(NamedTuple):
    """A rule, and what it is given: names and values."""

    rule: str
    words: tuple[tuple[str, Any], ...] = ()


class Draft(NamedTuple):
    """What is to be played. drawn: of a schedule, before the points are known; directives: after."""

    stage: Stage
    command: Command = "witness"
    moves: tuple[Move, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    directives: tuple[Directive, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of its moves."""
        return tuple(move.rule for move in self.moves)


class Writer:
    """Writes a scenario, a move at a time."""

    def __init__(self, stage: Stage, command: Command = "witness", is_traced: bool = False) -> None:
        self.model = Model(stage)
        self.model.traced = is_traced
        self.made: list[Move] = []
        self.steps: list[Step] = []
        self._command: Command = "witness"
        if command != "witness" and not self.model.has_shell:
            self._command, self.model.over = command, True
            self.steps.append(WaitEnds())
        elif self.model.has_shell:
            self.steps.append(Order(f"inherit {int(signal.SIGTSTP)}"))

    def make(self, move: Move) -> None:
        """Make a move; one that makes no sense as things stand, or comes to nothing, is none."""
        rule = RULES[move.rule]
        if rule.when(self.model) and (steps := rule.move(self.model, **dict(move.words))):
            self.made.append(move)
            self.steps += steps

    def end(self) -> None:
        """Bring the script to its end."""
        if not self.model.over:
            self.steps += ending_moves.go_on(self.model)
            self.steps += ending_moves.exit_with(self.model, 0)

    def draft(self, drawn: tuple[Drawn, ...] = ()) -> Draft:
        """Return what was written; of the schedule, what can be judged with it."""
        return Draft(self.model.stage, self._command, tuple(self.made), fitting(drawn, self.model, self.steps))

    def scenario(self) -> Scenario:
        """Return the scenario."""
        return Scenario(tuple(self.steps), self.model.stage, self._command)


def written(draft: Draft) -> tuple[Draft, Scenario]:
    """Return a draft without the moves that come to nothing, and its scenario."""
    writer = Writer(draft.stage, draft.command, bool(draft.drawn or draft.directives))
    for move in draft.moves:
        writer.make(move)
    writer.end()
    return draft._replace(command=writer.draft().command, moves=tuple(writer.made)), writer.scenario()
