"""Schedules for generated scripts: which directives are applicable to a script, and at which points."""

from __future__ import annotations

from proctor.harness import orders
from proctor.harness.explorer.drawn_schedules import DrawnDirective, applicable, to_schedule
from proctor.harness.explorer.model import Model
from proctor.harness.scenario import HangUp, Order, Stage, Step, Type
from proctor.harness.schedule import Deliver, HoldTask, Point, PressKey, Schedule

TERM = 15
FORK, WAIT, BIRTH = Point("launcher", "clone"), Point("launcher", "wait4", 1, "entry"), Point("child1", "birth")
DELIVER, PRESS, HOLD = (
    DrawnDirective(1, Deliver(TERM)),
    DrawnDirective(0, PressKey("ctrl-c")),
    DrawnDirective(0, HoldTask("child1")),
)
TERMINAL = Stage(terminal=True)


def kept(model: Model, *steps: Step) -> tuple[DrawnDirective, ...]:
    return applicable((DELIVER, PRESS, HOLD), model, steps)


def test_a_key_needs_a_terminal() -> None:
    assert kept(Model(Stage())) == (DELIVER, HOLD)
    assert kept(Model(TERMINAL)) == (DELIVER, PRESS, HOLD)


def test_no_key_becomes_input_or_reaches_a_hung_up_terminal() -> None:
    for step in (Type(b"a line\n"), Order(orders.ReadLine()), Order(orders.Raw()), HangUp()):
        assert kept(Model(TERMINAL), step) == (DELIVER, HOLD)


def test_signals_that_end_the_command_are_left_out() -> None:
    model = Model(TERMINAL)
    model.ends_on[TERM] = 3
    assert kept(model) == (PRESS, HOLD)
    model.ended_by_default.add(2)
    assert kept(model) == (HOLD,)


def test_point_numbers_wrap_around() -> None:
    schedule = to_schedule((DELIVER, DrawnDirective(5, Deliver(TERM))), (FORK, WAIT))
    assert [str(one) for one in schedule.directives] == ["at launcher wait4#1 entry: deliver TERM to launcher"] * 2
    assert to_schedule((DELIVER,), ()) == Schedule()


def test_no_process_waits_for_itself() -> None:
    assert to_schedule((HOLD,), (BIRTH,)).directives == ()
    assert len(to_schedule((HOLD,), (FORK,)).directives) == 1
