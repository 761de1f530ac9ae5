"""Schedules for generated scripts: directives drawn before anybody knows which points the launcher passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from proctor.harness import signals
from proctor.harness.explorer.model import Model
from proctor.harness.scenario import SIGNALS_OF_KEYS, HangUp, Order, Step, Type
from proctor.harness.schedule import Deliver, Directive, HoldTask, Point, PressKey, Schedule

PLACES = 4096
MOST = 2
"""Directives in a schedule."""


class Drawn(NamedTuple):
    """What is done at a point, and at which: counted from the first, and again from the first after the last."""

    place: int
    action: Deliver | PressKey | HoldTask


_stimuli = (
    st.builds(Deliver, st.sampled_from(signals.COMMON_SIGNALS).map(int), st.sampled_from(("launcher", "group")))
    | st.builds(PressKey, st.sampled_from(tuple(SIGNALS_OF_KEYS)))
    | st.builds(HoldTask, st.sampled_from(("launcher", "child1", "child2")), st.sampled_from(("blocks", "ends")))
)
_some = st.lists(st.builds(Drawn, st.integers(0, PLACES - 1), _stimuli), min_size=1, max_size=MOST).map(tuple)
DRAWN: st.SearchStrategy[tuple[Drawn, ...]] = st.sampled_from((False, False, False, True)).flatmap(
    lambda has_schedule: _some if has_schedule else st.just(())
)
"""Of four scripts one has a schedule."""


def fitting(drawn: Sequence[Drawn], model: Model, steps: Sequence[Step]) -> tuple[Drawn, ...]:
    """Return those that can be judged with this script. A signal that ends the command, by the script, would end it at
    any step; a key would go into what is typed, or into a terminal that is gone."""
    typed = any(isinstance(step, HangUp | Type) or step == Order("raw") for step in steps)
    read = any(isinstance(step, Order) and step.text == "read-line" for step in steps)

    def fits(action: Deliver | PressKey | HoldTask) -> bool:
        if isinstance(action, Deliver):
            return not model.ends(action.signal)
        if isinstance(action, PressKey):
            return model.has_terminal and not (typed or read or model.ends(SIGNALS_OF_KEYS[action.key]))
        return True

    return tuple(one for one in drawn if fits(one.action))


def placed(drawn: Sequence[Drawn], points: Sequence[Point]) -> Schedule:
    """Return the schedule, once it is known which points are passed. Nobody is held until he does something himself."""
    directives = [Directive(points[one.place % len(points)], one.action) for one in drawn] if points else []
    return Schedule(tuple(one for one in directives if not _is_for_itself(one)))


def _is_for_itself(directive: Directive) -> bool:
    action = directive.action
    return isinstance(action, HoldTask) and directive.at.task.partition(".")[0] == action.process
