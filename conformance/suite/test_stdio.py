"""Chapter STDIO: what launcher and command share with their caller."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import stdio as checks
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import Order, Scenario, Settle, Signal, Stage, Step, WaitEnds

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
