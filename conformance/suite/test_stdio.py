"""Chapter STDIO: what launcher and command share with their caller."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import stdio as checks
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    ClosePipe,
    HangUp,
    MeasureCpu,
    Order,
    Pipe,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    WaitEnds,
)

SAYS = (Order(orders.Say("ready")), Settle())
ENDS: dict[str, tuple[Step, ...]] = {
    "exit-0": (*SAYS, *finish()),
    "exit-1": (*SAYS, *finish(1)),
    "silent": (Settle(), *finish()),
    "killed": (*SAYS, Order(orders.Die(int(signal.SIGKILL))), WaitEnds("command"), WaitEnds()),
    "term": (
        *SAYS,
        Order(orders.ExitOn(int(signal.SIGTERM), 0)),
        Signal(signal.SIGTERM),
        WaitEnds("command"),
        WaitEnds(),
    ),
}
STAGES = {"pipes": Stage(watches_flags=True), "job": Stage(terminal=True, parent="job", watches_flags=True)}


@requirement("STDIO-3")
@pytest.mark.parametrize("steps", ENDS.values(), ids=ENDS.keys())
def test_stdout_is_the_commands(case: Case, steps: tuple[Step, ...]) -> None:
    case(Scenario(steps), checks.no_bytes_of_its_own)


@requirement("STDIO-6")
@pytest.mark.parametrize("ending", ["exit-0", "exit-1", "term"])
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_flags_of_shared_descriptors_stay(case: Case, stage: Stage, ending: str) -> None:
    case(Scenario(ENDS[ending], stage), checks.flags_stay)


def measured(*steps: Step) -> tuple[Step, ...]:
    return Settle(), *steps, MeasureCpu()


@requirement("STDIO-9")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_no_cpu_time_while_the_command_is_idle(case: Case, stage: Stage) -> None:
    case(Scenario((*measured(), *finish()), stage), checks.rests)


@requirement("STDIO-9")
def test_no_cpu_time_after_end_of_file(case: Case) -> None:
    case(Scenario((*measured(ClosePipe("stdin")), *finish())), checks.rests)


@requirement("STDIO-9")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_no_cpu_time_after_the_reader_has_gone(case: Case, stream: Pipe) -> None:
    """A launcher that carries the output meets the error when the command writes."""
    case(Scenario((*measured(ClosePipe(stream), Order(orders.Say("more"))), *finish())), checks.rests)


@requirement("STDIO-9")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_no_cpu_time_after_a_hang_up(case: Case, stage: Stage) -> None:
    case(Scenario((*measured(HangUp()), *finish()), stage), checks.rests)
