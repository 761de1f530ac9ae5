"""Chapter EXEC: the launcher replaces itself with the command."""

from __future__ import annotations

import signal

import msgspec
import pytest

from proctor.conformance.checks import exec as checks
from proctor.conformance.judging.judge import Claims
from proctor.conformance.scenarios.environments import JOB as WARM_JOB
from proctor.conformance.scenarios.environments import command_for, inspect, run_scenario
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import over, requirement
from proctor.harness import orders
from proctor.harness.scenario import JOB, PIPES, Look, Order, Press, Scenario, Settle, Signal, Stage, WaitEnds

CLAIMS: Claims = ("exec", "ephemeral")


@requirement("EXEC-1")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_command_has_the_callers_pid(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), *finish()), stage, command_for(case.target)), checks.has_the_callers_pid)


@requirement("EXEC-1")
def test_service_manager_accepts_the_command_as_main(case: Case) -> None:
    steps = (Settle(), Order(orders.Notify()), Settle(), *finish())
    case(Scenario(steps, Stage(notify=True), command_for(case.target)), checks.is_accepted_as_main)


@requirement("EXEC-2")
@over("ending", ("exit 0", "exit 1", f"die {int(signal.SIGKILL)}", f"die {int(signal.SIGSEGV)}"))
def test_environment_of_a_replaced_launcher_is_gone(case: Case, ending: str) -> None:
    case(run_scenario(Order(orders.parse(ending)), WaitEnds("command"), WaitEnds()), checks.replaced_and_gone, CLAIMS)


@requirement("EXEC-2")
@over("number", (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGKILL))
def test_environment_of_a_replaced_launcher_is_gone_after_a_signal(case: Case, number: int) -> None:
    case(run_scenario(Order(orders.Inherit()), Settle(), Signal(number), WaitEnds()), checks.replaced_and_gone, CLAIMS)


@requirement("EXEC-2")
def test_environment_of_a_replaced_launcher_is_gone_after_ctrl_c(case: Case) -> None:
    steps = (Order(orders.Inherit()), Settle(), Press("ctrl-c"), WaitEnds())
    case(run_scenario(*steps, stage=WARM_JOB), checks.replaced_and_gone, CLAIMS)


@requirement("EXEC-2")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_environment_of_a_replaced_launcher_is_whole(case: Case, number: int) -> None:
    case(
        run_scenario(*inspect(), Signal(number), Settle(limit=2.0), *inspect(), *finish()),
        checks.replaced_and_whole,
        CLAIMS,
    )


@requirement("EXEC-3")
@pytest.mark.parametrize(
    "stage",
    [PIPES, JOB, Stage(ignored=(signal.SIGHUP,)), Stage(blocked=(signal.SIGTERM,)), Stage(blocked=(signal.SIGCHLD,))],
    ids=[
        "pipes",
        "job",
        "ignored",
        "blocked",
        "chld-blocked",
    ],  # with SIGCHLD blocked, a pending one would survive exec
)
def test_nothing_of_the_launcher_is_visible(case: Case, stage: Stage) -> None:
    stage = msgspec.structs.replace(stage, watches_programs=True)
    case(Scenario((Settle(), Look(), *finish()), stage, command_for(case.target)), checks.nothing_visible)
