"""Chapter TREE: processes."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import sync
from proctor.conformance.checks import tree as checks
from proctor.conformance.scenarios.environments import interrupted_build
from proctor.conformance.scenarios.signals import COMMON_SIGNALS, LONG_REST, STOP_AND_CONTINUE, finish, send
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import over, requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    INIT,
    JOB,
    PIPES,
    HangUp,
    Hold,
    Look,
    Order,
    Press,
    Release,
    Scenario,
    Settle,
    Signal,
    Stage,
    WaitEnds,
)

GROUP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


@requirement("TREE-1")
@over("ending", ("exit 0", "exit 1", f"die {int(signal.SIGKILL)}"))
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_nothing_is_left_after_the_command_ended(case: Case, ending: str, stage: Stage) -> None:
    steps = (Settle(), Order(orders.parse(ending)), WaitEnds("command"), WaitEnds(), LONG_REST)
    case(Scenario(steps, stage), checks.nothing_left)


@requirement("TREE-1")
@over("number", COMMON_SIGNALS)
def test_nothing_is_left_after_a_signal(case: Case, number: int) -> None:
    steps = (Order(orders.Inherit()), Settle(), Signal(number), WaitEnds(), LONG_REST)
    case(Scenario(steps), checks.nothing_left)


@requirement("TREE-1")
@over("number", COMMON_SIGNALS)
def test_no_orphan_of_a_command_that_takes_its_time(case: Case, number: int) -> None:
    """The command handles the signal and continues: a launcher that ends before it leaves an orphan."""
    case(Scenario((Settle(), Signal(number), Settle(), Look())), checks.nothing_left)


@requirement("TREE-1")
def test_no_orphan_of_a_command_that_stops(case: Case) -> None:
    case(Scenario((*STOP_AND_CONTINUE, *finish(), LONG_REST)), checks.nothing_left)


@requirement("TREE-6")
@over("number", (signal.SIGKILL, signal.SIGTERM))
def test_as_init_death_by_signal_is_seen(case: Case, number: int) -> None:
    case(
        Scenario((Settle(), Order(orders.Die(int(number))), WaitEnds("command"), WaitEnds()), INIT), checks.init_status
    )


@requirement("TREE-1")
def test_nothing_is_left_after_ctrl_c(case: Case) -> None:
    steps = (Order(orders.Inherit()), Settle(), Press("ctrl-c"), WaitEnds(), LONG_REST)
    case(Scenario(steps, JOB), checks.nothing_left)


@requirement("TREE-1")
@over("number", (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM))
def test_nothing_is_left_of_an_interrupted_sync(case: Case, number: int) -> None:
    case(interrupted_build(Signal(number)), sync.no_process_left, claims=("sync",))


@requirement("TREE-1")
@over("number", (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM))
def test_nothing_is_left_of_an_interrupted_run_that_makes_an_environment(case: Case, number: int) -> None:
    case(interrupted_build(Signal(number), invoke="run"), sync.no_process_left, claims=("kept",))


@requirement("TREE-2")
def test_no_zombie_while_the_command_runs(case: Case) -> None:
    case(Scenario((LONG_REST, Look(), *finish())), checks.no_zombie)


@requirement("TREE-2")
def test_no_zombie_after_a_signal(case: Case) -> None:
    steps = (Settle(), *(Signal(signal.SIGUSR1), Settle()), *(Signal(signal.SIGTERM), LONG_REST), Look(), *finish())
    case(Scenario(steps), checks.no_zombie_after_signals)


@requirement("TREE-2")
def test_no_zombie_of_an_orphan(case: Case) -> None:
    steps = (
        Order(orders.Spawn("orphan", orphan=True)),
        Order(orders.Exit(0), "orphan"),
        WaitEnds("orphan"),
        LONG_REST,
        Look(),
        *finish(),
    )
    case(Scenario(steps), checks.no_zombie)


@requirement("TREE-3")
def test_command_notices_that_the_launcher_was_killed(case: Case) -> None:
    case(Scenario((Settle(), Signal(signal.SIGKILL), WaitEnds("launcher"), Settle())), checks.noticed_by_command)


@requirement("TREE-4")
@over("number", GROUP)
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_group_signal_reaches_the_command(case: Case, number: int, stage: Stage) -> None:
    case(Scenario((Settle(), *send(number, to="group"), *finish()), stage), checks.group_signal_arrives)


@requirement("TREE-5")
@over("number", GROUP)
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_group_signal_comes_once(case: Case, number: int, stage: Stage) -> None:
    steps = (Settle(), Hold(), Signal(number, "group"), Settle(), Release(), Settle(), *finish())
    case(Scenario(steps, stage), checks.group_signal_once)


@requirement("TREE-6")
@over("number", (signal.SIGTERM, signal.SIGINT))
def test_as_init_signals_reach_the_command(case: Case, number: int) -> None:
    case(Scenario((Settle(), *send(number), *finish()), INIT), checks.init_forwards)


@requirement("TREE-6")
def test_as_init_orphans_are_reaped(case: Case) -> None:
    one = (
        Order(orders.Spawn("orphan", orphan=True)),
        Order(orders.Exit(0), "orphan"),
        WaitEnds("orphan"),
        LONG_REST,
        Look(),
    )
    other = (
        Order(orders.Spawn("second", orphan=True, session=True)),
        Order(orders.Exit(0), "second"),
        WaitEnds("second"),
        LONG_REST,
        Look(),
    )
    case(Scenario((*one, *other, *finish()), INIT), checks.init_reaps)


@requirement("TREE-6")
@over("code", (0, 1, 42))
def test_as_init_status_is_right(case: Case, code: int) -> None:
    case(Scenario((Settle(), *finish(code)), INIT), checks.init_status)


@requirement("TREE-7")
@over("code", (0, 5))
def test_command_that_daemonizes(case: Case, code: int) -> None:
    case(
        Scenario((Order(orders.Spawn("daemon", orphan=True, session=True, null=True)), *finish(code))),
        checks.survives_daemon,
    )


@requirement("TREE-1")
@pytest.mark.parametrize("stage", [JOB], ids=["job"])
def test_nothing_is_left_after_a_hang_up(case: Case, stage: Stage) -> None:
    case(Scenario((Order(orders.Inherit()), Settle(), HangUp(), LONG_REST), stage), checks.nothing_left)


@requirement("TREE-9")
@over("ending", ("exit 0", "exit 1", f"die {int(signal.SIGKILL)}"))
def test_nothing_else_is_left(case: Case, ending: str) -> None:
    steps = (Settle(), Order(orders.parse(ending)), WaitEnds("command"), WaitEnds(), LONG_REST)
    case(Scenario(steps), checks.nothing_else_left)


@requirement("TREE-9")
@over("number", (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
def test_nothing_else_is_left_after_a_signal(case: Case, number: int) -> None:
    """The command outlives a launcher that dies of the signal, but not for long."""
    steps = (Settle(), Signal(number), Settle(), *finish(), LONG_REST)
    case(Scenario(steps), checks.nothing_else_left)
