"""Drafts: moves become a scenario, those that make no sense are left out, and what is objected to is made plain."""

from __future__ import annotations

import signal

from proctor.harness import orders
from proctor.harness.explorer.draft import Draft, Move, normalized
from proctor.harness.explorer.shrink import shrink
from proctor.harness.scenario import INIT, JOB, LEADER, PIPES, Order, Press, Settle, Signal, Stage, WaitEnds, WaitOutput
from proctor.harness.schedule import Deliver, Directive, Point

TERM, USR2 = int(signal.SIGTERM), int(signal.SIGUSR2)
LOOK, HANG_UP = Move("look"), Move("hang_up")
SHELL = Stage(terminal=True, under="bash")
STAGES = (PIPES, JOB, LEADER, SHELL, INIT)
AT_FORK = Directive(Point("launcher", "clone"), Deliver(TERM))


def send(number: int, awaited: bool = True) -> Move:
    return Move("send", (("number", number), ("to", "launcher"), ("awaited", awaited)))


def test_a_script_always_comes_to_its_end() -> None:
    _, scenario = normalized(Draft(PIPES))
    assert scenario.steps == (Order(orders.Exit(0)), WaitEnds("command"), WaitEnds("launcher"))
    assert normalized(Draft(PIPES, "missing"))[1].steps == (WaitEnds(),)
    assert normalized(Draft(SHELL))[1].steps[-1] == WaitOutput("<prompt>")


def test_a_key_whose_signal_is_ignored_has_had_its_effect_before_the_end() -> None:
    """It takes with it what the shell is about to print."""
    moves = (Move("ignore", (("number", 3),)), Move("press", (("key", "ctrl-\\"), ("awaited", False))))
    steps = normalized(Draft(SHELL, moves=moves))[1].steps
    assert isinstance(steps[steps.index(Press("ctrl-\\")) + 1], Settle)


def test_moves_that_make_no_sense_are_left_out() -> None:
    draft, _ = normalized(Draft(PIPES, moves=(HANG_UP, LOOK, Move("exit", (("code", 3),)), send(TERM))))
    assert draft.rules == ("look", "exit")


def test_who_is_traced_is_not_held_by_a_signal() -> None:
    held = Move("send_held", (("number", TERM),))
    assert normalized(Draft(PIPES, moves=(held,)))[0].rules == ("send_held",)
    assert normalized(Draft(PIPES, moves=(held,), directives=(AT_FORK,)))[0].rules == ()


def sends_usr2(draft: Draft) -> bool:
    steps = normalized(draft)[1].steps
    return any(isinstance(step, Signal) and step.signal == USR2 for step in steps)


def test_what_is_objected_to_is_made_short_and_plain() -> None:
    moves = (LOOK, send(TERM), Move("spawn", (("flags", "osn"),)), send(USR2, awaited=False), LOOK, HANG_UP)
    long = Draft(LEADER, moves=moves, directives=(AT_FORK,))
    assert shrink(long, STAGES, sends_usr2) == Draft(PIPES, moves=(send(USR2),))


def test_what_makes_the_difference_stays() -> None:
    draft = Draft(SHELL, moves=(LOOK, LOOK), directives=(AT_FORK,))
    needed = shrink(draft, STAGES, lambda one: one.stage == SHELL and bool(one.directives) and len(one.moves) > 1)
    assert needed == draft
