"""Steps and scenarios that cases and campaigns about environments, caches and syncs share."""

from __future__ import annotations

import signal
from typing import Literal

from proctor.conformance.checks.files import LATER, NEXT, PRUNED, RUNNING
from proctor.harness import orders
from proctor.harness.scenario import (
    Compare,
    Enter,
    NewPhase,
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
JOB = Stage(terminal=True, parent="job", home="warm")
COLD_JOB = Stage(terminal=True, parent="job", home="cold")
LEADER = Stage(terminal=True, home="warm")
BUILDING = Stage(terminal=True, parent="job", home="cold", build_waits=True)

LAUNCHER_TIMEOUT = 20.0
"""Seconds for a call of the launcher: pip takes some on a loaded machine."""
COMPARE_AT_END: tuple[Step, ...] = (Settle(limit=2.0), Compare(LATER))
"""Compare the files after the end; ENV-1 allows 2 s."""
KILL_COMMAND = Signal(signal.SIGKILL, "command")
"""A command may outlive a launcher that was killed."""
END_OF_RUN: tuple[Step, ...] = (KILL_COMMAND, *COMPARE_AT_END)
"""The same after a run. A command that outlives its launcher is ended first: it needs its environment while it runs."""


def command_for(target: Target) -> Literal["witness", "tool"]:
    """Return the command for a launcher: the witness by its path; the tool by its name, if the launcher runs only
    programs of its environments."""
    if target.bundle:
        return "tool"
    claimed = set(target.profiles)
    by_name = {"ephemeral", "kept", "cache"} & claimed and not {"transparent", "init"} & claimed
    return "tool" if by_name else "witness"


def inspect(process: str = "command") -> tuple[Step, ...]:
    """Return the steps in which a command checks its environment."""
    return (Order(orders.Whole(), process), Order(orders.Import("proctor_late"), process))


def use_and_end(name: str) -> tuple[Step, ...]:
    """Return the steps in which the command of a second invocation checks its environment, and ends."""
    command = f"{name}-command"
    return (WaitReady(command), *inspect(command), Order(orders.Exit(0), command), WaitEnds(name))


NEXT_RUN: tuple[Step, ...] = (Start("run", "next"), *use_and_end("next"))
PRUNE: tuple[Step, ...] = (Start("prune", "prune"), WaitEnds("prune"), Settle(), Compare(PRUNED))
KILL_RUN: tuple[Step, ...] = (Signal(signal.SIGKILL), WaitEnds(), KILL_COMMAND, WaitEnds("command"), Settle(limit=2.0))


def run_scenario(
    *steps: Step, stage: Stage = WARM, after: tuple[Step, ...] = END_OF_RUN, within: float = LAUNCHER_TIMEOUT
) -> Scenario:
    """Return the scenario of a run whose command is a program of its environment."""
    return Scenario((Settle(), Compare(RUNNING), *steps), stage, "tool", within=within, after=after)


def sync_scenario(stage: Stage, interpreter: Literal["usual", "other"] = "usual") -> Scenario:
    """Return the scenario of a sync, a second sync, and a command in the environment."""
    again = (Start("sync", "next"), WaitEnds("next"), Settle(), Compare(NEXT))
    use = (Enter("tool"), WaitReady("tool-command"), Order(orders.Import("proctor_project"), "tool-command"),
           Order(orders.Whole(), "tool-command"), Order(orders.Exit(0), "tool-command"), WaitEnds("tool"))  # fmt: skip
    return Scenario((WaitEnds(),), stage, invoke="sync", after=(*COMPARE_AT_END, *again, *use), within=LAUNCHER_TIMEOUT,
                    interpreter=interpreter)  # fmt: skip


def kept_scenario(stage: Stage, interpreter: Literal["usual", "other"] = "usual") -> Scenario:
    """Return the scenario of a run that makes or re-makes the project's environment for its command, and of a second
    run."""
    steps = (Settle(), NewPhase(), Order(orders.Exit(0)), WaitEnds("command"), WaitEnds("launcher"))
    again = (*NEXT_RUN, Settle(limit=2.0), Compare(NEXT))
    return Scenario(steps, stage, "tool", after=(*END_OF_RUN, *again), within=LAUNCHER_TIMEOUT, interpreter=interpreter)


def interrupted_build(*steps: Step, invoke: Literal["sync", "run"] = "sync") -> Scenario:
    """Return the scenario of a sync, or a run, that is interrupted while its build backend runs."""
    script = (WaitReady("backend"), Settle(limit=2.0), *steps, WaitEnds())
    return Scenario(script, BUILDING, "tool" if invoke == "run" else "witness", invoke=invoke, within=LAUNCHER_TIMEOUT)
