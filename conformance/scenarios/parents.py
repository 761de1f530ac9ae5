"""The steps of cases in which a real program is the launcher's parent."""

from __future__ import annotations

import signal
from typing import Literal

from proctor.harness import orders
from proctor.harness.programs import Program
from proctor.harness.scenario import Look, Order, Scenario, Settle, Stage, Step, WaitEnds, WaitReady

WITHIN = 20.0
"""Seconds for an awaited fact: a parent may first wait for the time limit after which it kills."""
CLOSED: tuple[Step, ...] = (Order(orders.Ask("close"), to="parent"), WaitEnds("parent"))
"""The parent ends as its user would end it; then nothing is left that belongs to it."""


def ask(verb: str) -> Order:
    """Return the step that asks the parent for something, and waits until it is done."""
    return Order(orders.Ask(verb), to="parent")


def below(
    stage: Stage, *steps: Step, command: Literal["witness"] | Program = "witness", args: tuple[bytes, ...] = ()
) -> Scenario:
    """Return the scenario of these steps, after which the parent is closed in any case."""
    return Scenario(steps, stage, command, args, within=WITHIN, after=CLOSED)


def heeding(number: int, command: str) -> tuple[Step, ...]:
    """Return the steps after which all is at rest, and this command ends by a signal after its clean-up."""
    return Order(orders.ExitOn(number, 0), to=command), Settle()


def looked() -> tuple[Step, ...]:
    """Return the steps that note which processes there are once nothing runs any more."""
    return Settle(), Look()


def started_anew(command: str) -> tuple[Step, ...]:
    """Return the steps that wait for the next one of a service."""
    return (WaitReady(command),)


def supervised(stopsignal: int = signal.SIGTERM, as_group: str = "false") -> Stage:
    """Return the stage below supervisord. stopwaitsecs is short: what does not heed is killed after it."""
    options = {
        "stopsignal": signal.Signals(stopsignal).name.removeprefix("SIG"), "stopasgroup": as_group,
        "killasgroup": as_group, "stopwaitsecs": "2",
    }  # fmt: skip
    return Stage(parent="supervisord", options=options)


def reloaded(command: str = "command") -> tuple[Step, ...]:
    """SIGHUP to a service that takes it as the request to read its configuration again. A launcher that dies of it is
    started anew, beside the service that it has left."""
    return (
        Order(orders.Catch(int(signal.SIGHUP)), to=command),
        Settle(),
        ask("reload"),
        Settle(),
        ask("steady"),
        *looked(),
    )
