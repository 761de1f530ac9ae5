"""Chapter EXIT: how the launcher ends."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import exit as checks
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.scenarios.environments import COLD, LAUNCHER_TIMEOUT
from proctor.conformance.scenarios.signals import FATAL, LONG_REST, STOP_AND_CONTINUE, finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import over, requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    Hold,
    Look,
    Order,
    Press,
    Release,
    Scenario,
    Settle,
    Signal,
    Stage,
    Trace,
    WaitEnds,
    WaitReceived,
)

CODES = (0, 1, 2, 3, 42, 63, 64, 100, 125, 126, 127, 128, 129, 130, 137, 143, 200, 254, 255)
DEATHS = (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, FATAL[-1])


@requirement("EXIT-1")
@over("code", range(256), sample=CODES, what="exit codes")
def test_exit_code_is_the_commands(case: Case, code: int) -> None:
    case(Scenario(finish(code)), checks.same_status)


@requirement("EXIT-2")
@over("number", FATAL, sample=DEATHS, what="fatal signals")
def test_death_by_signal_is_seen(case: Case, number: int) -> None:
    case(Scenario((Order(orders.Die(int(number))), WaitEnds("command"), WaitEnds())), checks.same_status)


@requirement("EXIT-2")
@over("number", (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV))
def test_death_by_signal_is_seen_on_a_terminal(case: Case, number: int) -> None:
    case(Scenario((Order(orders.Die(int(number))), WaitEnds("command"), WaitEnds()), JOB), checks.same_status)


@requirement("EXIT-3")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_launcher_does_not_end_first(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), Look(), *finish()), stage), checks.not_before_command)


@requirement("EXIT-3")
def test_launcher_does_not_end_when_the_command_closes_its_descriptors(case: Case) -> None:
    closed = tuple(Order(orders.Close(fd)) for fd in (0, 1, 2))
    case(Scenario((*closed, Settle(), Look(), *finish())), checks.not_before_command)


@requirement("EXIT-3")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_launcher_does_not_end_when_the_command_stops(case: Case, stage: Stage) -> None:
    case(Scenario((*STOP_AND_CONTINUE, *finish()), stage), checks.not_before_command)


@requirement("EXIT-4")
def test_command_that_does_not_exist(case: Case) -> None:
    case(Scenario((WaitEnds(),), command="missing"), checks.not_found)


@requirement("EXIT-4")
def test_command_that_may_not_be_executed(case: Case) -> None:
    case(Scenario((WaitEnds(),), command="forbidden"), checks.not_executable)


@requirement("EXIT-5")
@over("number", (signal.SIGKILL, signal.SIGSEGV))
def test_unexpected_death_is_named(case: Case, number: int) -> None:
    case(Scenario((Settle(), Signal(number, "command"), WaitEnds("command"), WaitEnds())), checks.names_the_death)


@requirement("EXIT-5")
def test_interpreter_that_is_killed_is_named(case: Case) -> None:
    asked = Scenario((WaitEnds(),), COLD, invoke="sync", interpreter="killed", within=LAUNCHER_TIMEOUT)
    case(asked, checks.names_the_interpreter, claims=("sync",))


@requirement("EXIT-6")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_grandchild_holds_stdout(case: Case, stage: Stage) -> None:
    case(Scenario((Order(orders.Spawn("grandchild")), *finish(3)), stage), checks.ends_with_command)


@requirement("EXIT-7")
@over("number", (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1))
def test_signal_just_after_the_command_ended(case: Case, number: int) -> None:
    steps = (Settle(), Hold(), Order(orders.Exit(7)), WaitEnds("command"), Signal(number), Release(), WaitEnds())
    case(Scenario(steps), checks.same_status)


@requirement("EXIT-7")
@over("number", (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1))
def test_signal_just_after_the_command_was_reaped(case: Case, number: int) -> None:
    case(Scenario((Settle(), Trace(at_reap=number), *finish(7))), checks.status_after_late_signal)


@requirement("EXIT-7")
@over("number", (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1))
@pytest.mark.parametrize("code", [0, 9])
def test_command_ends_by_itself_on_the_signal(case: Case, number: int, code: int) -> None:
    steps = (Order(orders.ExitOn(int(number), code)), Settle(), Signal(number), WaitEnds("command"), WaitEnds())
    case(Scenario(steps), checks.status_despite_signal)


@requirement("EXIT-7")
@over("number", (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
def test_command_takes_its_time_to_end(case: Case, number: int) -> None:
    """A launcher that has waited for a while and given up must not have settled on a status of its own."""
    steps = (Settle(), Signal(number), WaitReceived(number), LONG_REST, *finish(7))
    case(Scenario(steps), checks.status_after_slow_end)


@requirement("EXIT-7")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
@pytest.mark.parametrize("code", [0, 9])
def test_command_ends_by_itself_on_ctrl_c(case: Case, stage: Stage, code: int) -> None:
    steps = (Order(orders.ExitOn(int(signal.SIGINT), code)), Settle(), Press("ctrl-c"), WaitEnds("command"), WaitEnds())
    case(Scenario(steps, stage), checks.status_despite_signal)


@requirement("EXIT-1")
@pytest.mark.parametrize(
    "campaign", ["order", "order, terminal", "order, at rest, terminal"], ids=["pipes", "terminal", "at-rest"]
)
def test_order_of_launcher_and_command_does_not_matter(case: Case, campaign: str) -> None:
    case.explore(campaign_named(campaign), share=0.08, has_other_cases=True)
