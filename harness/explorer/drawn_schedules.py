"""Schedules for generated scripts: directives that are drawn before the points of the launcher are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from proctor.harness import orders, signals
from proctor.harness.explorer.model import Model
from proctor.harness.scenario import SIGNALS_OF_KEYS, HangUp, Order, Step, Type
from proctor.harness.schedule import Deliver, Directive, HoldTask, Point, PressKey, Schedule

MAX_PLACE = 4096
MAX_DIRECTIVES = 2
"""Maximum number of directives in a schedule."""


class DrawnDirective(NamedTuple):
    """An action and the number of its point, counted modulo the number of points."""

    place: int
    action: Deliver | PressKey | HoldTask


_stimuli = (
    st.builds(Deliver, st.sampled_from(signals.COMMON_SIGNALS).map(int), st.sampled_from(("launcher", "group")))
    | st.builds(PressKey, st.sampled_from(tuple(SIGNALS_OF_KEYS)))
    | st.builds(HoldTask, st.sampled_from(("launcher", "child1", "child2")), st.sampled_from(("blocks", "ends")))
)
_some = st.lists(
    st.builds(DrawnDirective, st.integers(0, MAX_PLACE - 1), _stimuli), min_size=1, max_size=MAX_DIRECTIVES
).map(tuple)
DRAWN_DIRECTIVES: st.SearchStrategy[tuple[DrawnDirective, ...]] = st.sampled_from((False, False, False, True)).flatmap(
    lambda has_schedule: _some if has_schedule else st.just(())
)
"""One of four scripts has a schedule."""


def applicable(drawn: Sequence[DrawnDirective], model: Model, steps: Sequence[Step]) -> tuple[DrawnDirective, ...]:
    """Return the directives that can be evaluated with this script. A signal that ends the command could do so at any
    step. A key could become part of typed input, or reach a terminal that has hung up."""
    typed = any(isinstance(step, HangUp | Type) or step == Order(orders.Raw()) for step in steps)
    read = any(step == Order(orders.ReadLine()) for step in steps)

    def is_applicable(action: Deliver | PressKey | HoldTask) -> bool:
        if isinstance(action, Deliver):
            return not model.ends(action.signal)
        if isinstance(action, PressKey):
            return model.has_terminal and not (typed or read or model.ends(SIGNALS_OF_KEYS[action.key]))
        return True

    return tuple(one for one in drawn if is_applicable(one.action))


def to_schedule(drawn: Sequence[DrawnDirective], points: Sequence[Point]) -> Schedule:
    """Return the schedule for these points, without directives that hold a process until it acts itself."""
    directives = [Directive(points[one.place % len(points)], one.action) for one in drawn] if points else []
    return Schedule(tuple(one for one in directives if not _holds_itself(one)))


def _holds_itself(directive: Directive) -> bool:
    action = directive.action
    return isinstance(action, HoldTask) and directive.at.task.partition(".")[0] == action.process
