"""Chapter GROUP: launchers of several commands."""

from __future__ import annotations

import functools
import signal
from typing import Literal

import pytest

from proctor.conformance.checks import group as checks
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.scenarios.group import ENDING, end, heed, names
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    HangUp,
    Hold,
    Order,
    Press,
    Release,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    WaitAnswer,
    WaitEnds,
    WaitReceived,
)

Count = Literal[2, 3]
CTRL_C, HANG_UP = Press("ctrl-c"), HangUp()
INTERRUPTS: dict[str, tuple[Stage, Step, int]] = {
    **{number.name: (PIPES, Signal(number), int(number)) for number in ENDING},
    "ctrl-c-job": (JOB, CTRL_C, int(signal.SIGINT)),
    "ctrl-c-leader": (LEADER, CTRL_C, int(signal.SIGINT)),
    "hang-up-job": (JOB, HANG_UP, int(signal.SIGHUP)),
    "hang-up-leader": (LEADER, HANG_UP, int(signal.SIGHUP)),
}
each_interrupt = pytest.mark.parametrize("interrupt", INTERRUPTS.values(), ids=INTERRUPTS.keys())
LONGER = 5.0
"""Seconds that a launcher may take beyond the grace period that it states."""


@requirement("GROUP-1")
@pytest.mark.parametrize("count", [2, 3])
@each_interrupt
def test_an_interrupt_ends_each_command(case: Case, interrupt: tuple[Stage, Step, int], count: Count) -> None:
    """They heed this signal alone: when the leader of a session dies of Ctrl-C the kernel sends SIGHUP as well, which
    is delivered first where both are pending; signal(7)."""
    stage, done, number = interrupt
    within = case.target.group.grace + LONGER
    steps = (*heed(names(count), [number]), done, WaitEnds())
    case(Scenario(steps, stage, within=within, group=count), checks.reaches_each)


@requirement("GROUP-1")
@each_interrupt
def test_an_interrupt_comes_once(case: Case, interrupt: tuple[Stage, Step, int]) -> None:
    """The commands stay, as if they had to clean up. What the terminal sends to all reaches them while the launcher is
    held: so it does not merge with what the launcher passes on."""
    stage, done, number = interrupt
    if stage.terminal:
        steps: tuple[Step, ...] = (Settle(), Hold(), done, Settle(), Release(), Settle())
    else:
        steps = (Settle(), done, *(WaitReceived(number, name) for name in names(2)), Settle())
    case(Scenario(steps, stage, group=2), checks.reaches_each_once)


HOW = {"0": orders.Exit(0), "3": orders.Exit(3), "killed": orders.Die(int(signal.SIGKILL))}
each_end = pytest.mark.parametrize("how", HOW.values(), ids=HOW.keys())
FIRST, LAST = names(3), names(3)[::-1]
in_each_order = pytest.mark.parametrize("order", [FIRST, LAST], ids=["first", "last"])


@requirement("GROUP-2")
@each_end
@in_each_order
def test_the_end_of_one_is_the_end_of_all(case: Case, order: list[str], how: orders.Exit | orders.Die) -> None:
    group = case.target.group
    steps = (*heed(names(3)), Order(how, order[0]), WaitEnds(order[0]), WaitEnds())
    check = functools.partial(checks.ends_all, ends=group.ends)
    case(Scenario(steps, within=group.grace + LONGER, group=3), check)


@requirement("GROUP-3")
@each_end
@in_each_order
def test_status(case: Case, order: list[str], how: orders.Exit | orders.Die) -> None:
    group = case.target.group
    check = functools.partial(checks.status_of_all, ends=group.ends, status=group.status, counts=group.counts)
    steps = (*heed(names(3)), *end(order, how, group.ends))
    case(Scenario(steps, within=group.grace + LONGER, group=3), check)


@requirement("GROUP-4")
@pytest.mark.parametrize("number", ENDING, ids=[number.name for number in ENDING])
def test_nothing_is_started_after_an_interrupt(case: Case, number: int) -> None:
    steps = (*heed(names(3)), Signal(number), WaitEnds(), Settle(limit=2.0))
    case(Scenario(steps, within=case.target.group.grace + LONGER, group=3), checks.none_started_later)


@requirement("GROUP-4")
@pytest.mark.parametrize("number", ENDING, ids=[number.name for number in ENDING])
def test_what_waits_is_not_started(case: Case, number: int) -> None:
    steps = (*heed(names(1)), Signal(number), WaitEnds(names(1)[0]), Settle(limit=2.0))
    check = functools.partial(checks.none_of_those_that_wait, limit=case.target.group.limit)
    case(Scenario(steps, within=case.target.group.grace + LONGER, group=3, starts="one-at-a-time"), check)


@requirement("GROUP-4")
def test_nothing_is_started_once_the_interrupt_was_dealt_with(case: Case) -> None:
    """The launcher is interrupted as soon as its first command runs."""
    steps = (Signal(signal.SIGINT), Settle(), Settle(limit=2.0))
    case(Scenario(steps, group=3, starts="first"), checks.none_started_later)


@requirement("GROUP-4")
def test_what_waits_is_not_started_after_an_interrupt_of_the_start(case: Case) -> None:
    case.explore(campaign_named("start, one at a time"), share=0.2, has_other_cases=True)


def deaf(commands: list[str]) -> tuple[Step, ...]:
    """Return the steps after which these commands, and a child of each, ignore all signals that can be ignored."""
    found: list[Step] = []
    for name in commands:
        child = name.replace("command", "child")
        found += [Order(orders.Spawn(child), name), Order(orders.Ignore(), child), Order(orders.Ignore(), name)]
    return *found, Settle()


@requirement("GROUP-5")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_a_second_ctrl_c_ends_what_is_left(case: Case, stage: Stage) -> None:
    steps = (*deaf(names(2)), CTRL_C, Settle(), CTRL_C, WaitEnds())
    case(Scenario(steps, stage, within=case.target.group.grace + LONGER, group=2), checks.ends_what_is_left)


@requirement("GROUP-5")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_grace_period_ends_what_is_left(case: Case, number: int) -> None:
    grace = case.target.group.grace
    check = functools.partial(checks.ends_after_grace, grace=grace)
    case(Scenario((*deaf(names(2)), Signal(number), WaitEnds()), within=grace + LONGER, group=2), check)


LINES, SIZE = 50, 300
"""Together less than what is kept of the output of an execution."""
BLOCK = 4096
"""Bytes that the C library writes at once to a pipe; setvbuf(3)."""


def written(block: int, count: int) -> tuple[Step, ...]:
    """Return the steps in which so many commands write their lines at the same time, and end."""
    told = (Order(orders.Lines(name[-1], LINES, SIZE, block), name, waits=False) for name in names(count))
    return *told, Settle()


@requirement("GROUP-6")
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("block", [0, BLOCK], ids=["lines", "blocks"])
def test_lines_arrive_whole(case: Case, block: int, count: Count) -> None:
    """The launcher is held until each command has written what there is room for, so that all are at it at once."""
    answers = (WaitAnswer("lines", name) for name in names(count))
    steps = (*heed(names(count)), Hold(), *written(block, count), Release(), *answers, Settle())
    ends = end(names(count), orders.Exit(0), case.target.group.ends)
    case(Scenario((*steps, *ends), group=count), checks.lines_are_whole)


@requirement("GROUP-6")
def test_the_last_lines_of_a_command_arrive(case: Case) -> None:
    """A command writes, and has ended before the launcher reads."""
    first = names(2)[0]
    said = (Order(orders.Lines(first[-1], LINES, SIZE), first), Order(orders.Exit(0), first), WaitEnds(first))
    others = () if case.target.group.ends == "any" else tuple(Order(orders.Exit(0), name) for name in names(2)[1:])
    steps = (*heed(names(2)), Hold(), *said, Settle(), Release(), Settle(), *others, WaitEnds())
    case(Scenario(steps, group=2), checks.lines_are_whole)
