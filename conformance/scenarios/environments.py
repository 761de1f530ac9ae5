"""What cases and campaigns about environments, caches and syncs share: steps, and scenarios made of them."""

from __future__ import annotations

import signal
from typing import Literal

from proctor.conformance.checks.files import LATER, NEXT, PRUNED, RUNNING
from proctor.harness import orders
from proctor.harness.scenario import (
    Compare,
    Enter,
    Order,
    Scenario,
    Settle,
    Signal,
    Stage,
    Start,
    Step,
    WaitEnds,
    WaitReady,
)
from proctor.harness.target import Target

WARM, COLD = Stage(home="warm"), Stage(home="cold")
JOB = Stage(terminal=True, under="job", home="warm")
LEADER = Stage(terminal=True, home="warm")
BUILDING = Stage(terminal=True, under="job", home="cold", build_waits=True)

PATIENT = 20.0
"""Seconds for a call of the launcher: pip takes some on a loaded machine."""
LEFT: tuple[Step, ...] = (Settle(limit=2.0), Compare(LATER))
"""What is there when all is over; 2 s are what ENV-1 grants."""
KILL_COMMAND = Signal(signal.SIGKILL, "command")
"""Whoever was started by what is killed may live on."""
OVER: tuple[Step, ...] = (KILL_COMMAND, *LEFT)
"""The same after a run: a command that outlives its launcher needs its environment as long as it runs."""


def command_for(target: Target) -> Literal["witness", "tool"]:
    """Return what a launcher can be asked to run: a command by its path; where it runs programs of its environments
    only, the tool by its name."""
    by_name = {"ephemeral", "cache"} & set(target.profiles) and not {"transparent", "init"} & set(target.profiles)
    return "tool" if by_name else "witness"


def looked(process: str = "command") -> tuple[Step, ...]:
    """Return the steps by which a command looks at its environment."""
    return (Order(orders.Whole(), process), Order(orders.Import("proctor_late"), process))


def used(name: str) -> tuple[Step, ...]:
    """Return the steps by which a further call's command is used, and ends."""
    command = f"{name}-command"
    return (WaitReady(command), *looked(command), Order(orders.Exit(0), command), WaitEnds(name))


NEXT_RUN: tuple[Step, ...] = (Start("run", "next"), *used("next"))
PRUNE: tuple[Step, ...] = (Start("prune", "prune"), WaitEnds("prune"), Settle(), Compare(PRUNED))
KILLED: tuple[Step, ...] = (Signal(signal.SIGKILL), WaitEnds(), KILL_COMMAND, WaitEnds("command"), Settle(limit=2.0))


def a_run(*steps: Step, stage: Stage = WARM, after: tuple[Step, ...] = OVER, within: float = PATIENT) -> Scenario:
    """Return the scenario of a run whose command is a program of its environment."""
    return Scenario((Settle(), Compare(RUNNING), *steps), stage, "tool", within=within, after=after)


def a_sync(stage: Stage, interpreter: Literal["usual", "other"] = "usual") -> Scenario:
    """Return the scenario of a sync, of the next one, and of the environment in use."""
    again = (Start("sync", "next"), WaitEnds("next"), Settle(), Compare(NEXT))
    use = (Enter("tool"), WaitReady("tool-command"), Order(orders.Import("proctor_project"), "tool-command"),
           Order(orders.Whole(), "tool-command"), Order(orders.Exit(0), "tool-command"), WaitEnds("tool"))  # fmt: skip
    return Scenario((WaitEnds(),), stage, invoke="sync", after=(*LEFT, *again, *use), within=PATIENT,
                    interpreter=interpreter)  # fmt: skip


def interrupted_build(*steps: Step) -> Scenario:
    """Return the scenario of a sync that is interrupted while the build backend is at work."""
    return Scenario((WaitReady("backend"), Settle(), *steps, WaitEnds()), BUILDING, invoke="sync", within=PATIENT)
