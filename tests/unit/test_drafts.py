"""Drafts: moves become a scenario, impossible moves are ignored, and rejected drafts are shrunk."""

from __future__ import annotations

import signal

from proctor.harness import orders
from proctor.harness.explorer.draft import Draft, Move, normalized
from proctor.harness.explorer.shrink import shrink
from proctor.harness.scenario import INIT, JOB, LEADER, PIPES, Order, Press, Settle, Signal, Stage, WaitEnds, WaitOutput
from proctor.harness.schedule import Deliver, Directive, Point

TERM, USR2 = int(signal.SIGTERM), int(signal.SIGUSR2)
LOOK, HANG_UP = Move("look"), Move("hang_up")
SHELL = Stage(terminal=True, parent="bash")
STAGES = (PIPES, JOB, LEADER, SHELL, INIT)
AT_FORK = Directive(Point("launcher", "clone"), Deliver(TERM))


def send(number: int, awaited: bool = True) -> Move:
    return Move("send", (("number", number), ("to", "launcher"), ("awaited", awaited)))


def test_every_script_has_an_end() -> None:
    _, scenario = normalized(Draft(PIPES))
    assert scenario.steps == (Order(orders.Exit(0)), WaitEnds("command"), WaitEnds("launcher"))
    assert normalized(Draft(PIPES, "missing"))[1].steps == (WaitEnds(),)
    assert normalized(Draft(SHELL))[1].steps[-1] == WaitOutput("<prompt>")


def test_a_key_with_an_ignored_signal_takes_effect_before_the_end() -> None:
    """It takes with it what the shell is about to print."""
    moves = (Move("ignore", (("number", 3),)), Move("press", (("key", "ctrl-\\"), ("awaited", False))))
    steps = normalized(Draft(SHELL, moves=moves))[1].steps
    assert isinstance(steps[steps.index(Press("ctrl-\\")) + 1], Settle)


def test_impossible_moves_are_ignored() -> None:
    draft, _ = normalized(Draft(PIPES, moves=(HANG_UP, LOOK, Move("exit", (("code", 3),)), send(TERM))))
    assert draft.rules == ("look", "exit")


def test_a_traced_process_is_not_held() -> None:
    held = Move("send_held", (("number", TERM),))
    assert normalized(Draft(PIPES, moves=(held,)))[0].rules == ("send_held",)
    assert normalized(Draft(PIPES, moves=(held,), directives=(AT_FORK,)))[0].rules == ()


def sends_usr2(draft: Draft) -> bool:
    steps = normalized(draft)[1].steps
    return any(isinstance(step, Signal) and step.signal == USR2 for step in steps)


def test_a_rejected_draft_is_shrunk() -> None:
    moves = (LOOK, send(TERM), Move("spawn", (("flags", "osn"),)), send(USR2, awaited=False), LOOK, HANG_UP)
    long = Draft(LEADER, moves=moves, directives=(AT_FORK,))
    assert shrink(long, STAGES, sends_usr2) == Draft(PIPES, moves=(send(USR2),))


def test_shrinking_keeps_what_is_needed() -> None:
    draft = Draft(SHELL, moves=(LOOK, LOOK), directives=(AT_FORK,))
    needed = shrink(draft, STAGES, lambda one: one.stage == SHELL and bool(one.directives) and len(one.moves) > 1)
    assert needed == draft
