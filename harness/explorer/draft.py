"""A draft: a generated script as a stage and a list of moves. Moves can be removed before it becomes a scenario."""

from __future__ import annotations

import signal
from typing import Any, Literal, NamedTuple

from proctor.harness import orders
from proctor.harness.explorer import ending_moves
from proctor.harness.explorer.drawn_schedules import DrawnDirective, applicable
from proctor.harness.explorer.model import Model
from proctor.harness.explorer.move_rules import RULES
from proctor.harness.scenario import Order, Scenario, Stage, Step, WaitEnds
from proctor.harness.schedule import Directive

Command = Literal["witness", "missing", "forbidden"]


class Move(NamedTuple):
    """A rule and its arguments, as names and values."""

    rule: str
    arguments: tuple[tuple[str, Any], ...] = ()


class Draft(NamedTuple):
    """A generated script. drawn: directives of its schedule before the points are known; directives: after that."""

    stage: Stage
    command: Command = "witness"
    moves: tuple[Move, ...] = ()
    drawn: tuple[DrawnDirective, ...] = ()
    directives: tuple[Directive, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the moves."""
        return tuple(move.rule for move in self.moves)


class DraftWriter:
    """Builds a scenario move by move."""

    def __init__(self, stage: Stage, command: Command = "witness", is_traced: bool = False) -> None:
        self.model = Model(stage)
        self.model.is_traced = is_traced
        self.made: list[Move] = []
        self.steps: list[Step] = []
        self._command: Command = "witness"
        if command != "witness" and not self.model.has_shell:
            self._command, self.model.is_over = command, True
            self.steps.append(WaitEnds())
        elif self.model.has_shell:
            self.steps.append(Order(orders.Inherit(int(signal.SIGTSTP))))

    def make(self, move: Move) -> None:
        """Add a move. A move whose precondition is false, or that has no steps, is ignored."""
        rule = RULES[move.rule]
        if rule.precondition(self.model) and (steps := rule.move(self.model, **dict(move.arguments))):
            self.made.append(move)
            self.steps += steps

    def end(self) -> None:
        """Add the end of the script."""
        if not self.model.is_over:
            self.steps += ending_moves.go_on(self.model)
            self.steps += ending_moves.exit_with(self.model, 0)

    def draft(self, drawn: tuple[DrawnDirective, ...] = ()) -> Draft:
        """Return the draft. drawn: directives of its schedule; only applicable ones are kept."""
        return Draft(self.model.stage, self._command, tuple(self.made), applicable(drawn, self.model, self.steps))

    def scenario(self) -> Scenario:
        """Return the scenario."""
        return Scenario(tuple(self.steps), self.model.stage, self._command)


def normalized(draft: Draft) -> tuple[Draft, Scenario]:
    """Return the draft without ignored moves, and its scenario."""
    writer = DraftWriter(draft.stage, draft.command, bool(draft.drawn or draft.directives))
    for move in draft.moves:
        writer.make(move)
    writer.end()
    return draft._replace(command=writer.draft().command, moves=tuple(writer.made)), writer.scenario()
