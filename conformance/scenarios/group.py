"""Steps that cases of launchers of several commands share."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Literal

from proctor.harness import orders
from proctor.harness.scenario import NAMES_IN_GROUP, NewPhase, Order, Scenario, Settle, Step, WaitEnds

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What people, service managers and terminals end a launcher with."""
Ends = Literal["never", "any", "failure"]


def names(count: int) -> list[str]:
    """Return the names of so many commands."""
    return [f"command-{name}" for name in NAMES_IN_GROUP[:count]]


def heed(commands: Iterable[str], numbers: Iterable[int] = ENDING) -> tuple[Step, ...]:
    """Return the steps after which all is at rest, and these commands end with 0 of one of these signals."""
    told = (Order(orders.ExitOn(int(number), 0), name) for name in commands for number in numbers)
    return *told, Settle()


def end(commands: list[str], how: orders.Exit | orders.Die, ends: Ends) -> tuple[Step, ...]:
    """Return the steps in which the first of these commands ends, and then the others do, with 0: by themselves, if the
    launcher ends them then."""
    first, *others = commands
    failed = isinstance(how, orders.Die) or how.code != 0
    by_launcher = ends == "any" or (ends == "failure" and failed)
    by_us = () if by_launcher else tuple(step for name in others for step in _exit(name))
    return Order(how, first), WaitEnds(first), *by_us, WaitEnds()


def _exit(name: str) -> tuple[Step, ...]:
    return Order(orders.Exit(0), name), WaitEnds(name)


def one_after_the_other() -> Scenario:
    """Return the scenario of a launcher that runs one command at a time, until the first has ended and the next one
    runs. Its first part is the start."""
    first = names(1)[0]
    steps = (Settle(), NewPhase(), Order(orders.Exit(0), first), WaitEnds(first), Settle(limit=2.0))
    return Scenario(steps, group=3, starts="one-at-a-time")
