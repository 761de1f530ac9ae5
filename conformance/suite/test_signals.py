"""Chapter SIG: signals sent to the launcher alone."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import signals as checks
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.scenarios.signals import COMMON_SIGNALS, OTHERS, finish, send
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import over, requirement, takes_long
from proctor.harness import orders, signals
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    Hold,
    Order,
    Release,
    Scenario,
    Settle,
    Signal,
    Stage,
    Trace,
    WaitReceived,
    WaitStopped,
)

IN_A_ROW = tuple(
    step
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2, signal.SIGINT, signal.SIGUSR1, signal.SIGTERM)
    for step in send(number)
)
GRACE = 11.0
"""Seconds. A launcher should not escalate; those that do wait five or ten."""
SOME_OTHERS = (signal.SIGCONT, signal.SIGWINCH, signal.SIGTSTP, *signals.realtime()[2:3])


@requirement("SIG-1")
@over("number", COMMON_SIGNALS)
@pytest.mark.parametrize("stage", [PIPES, JOB, LEADER], ids=["pipes", "job", "leader"])
def test_signal_reaches_the_command(case: Case, number: int, stage: Stage) -> None:
    if stage.terminal and number == signal.SIGINT:
        pytest.skip("SIG-3 is about SIGINT by kill on a terminal")
    case(Scenario((Settle(), *send(number), *finish()), stage), checks.reaches_command)


@requirement("SIG-1")
def test_signals_reach_the_command_whatever_came_before(case: Case) -> None:
    case(Scenario((Settle(), *IN_A_ROW, *finish())), checks.reaches_command)


@requirement("SIG-2")
@over("number", COMMON_SIGNALS)
def test_signal_reaches_the_command_once(case: Case, number: int) -> None:
    case(Scenario((Settle(), *send(number, times=3), *finish())), checks.once_if_at_all)


@requirement("SIG-2")
def test_signals_reach_the_command_in_order(case: Case) -> None:
    case(Scenario((Settle(), *IN_A_ROW, *finish())), checks.once_if_at_all)


@requirement("SIG-2")
@over("number", COMMON_SIGNALS)
def test_signal_is_not_sent_twice_at_once(case: Case, number: int) -> None:
    case(Scenario((Settle(), Trace(), *send(number), *finish())), checks.each_one_taken_once)


@requirement("SIG-2")
@takes_long
def test_no_signal_comes_that_nobody_sent(case: Case) -> None:
    """Waits for any timer that the launcher has set: a thread may be about to end of idleness."""
    case(Scenario((Settle(), Settle(GRACE), *finish())), checks.none_unasked)


@requirement("SIG-3")
@pytest.mark.parametrize("stage", [PIPES, JOB, LEADER], ids=["pipes", "job", "leader"])
def test_interrupt_by_kill(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), *send(signal.SIGINT, times=2), *finish()), stage), checks.reaches_command)


@requirement("SIG-3")
@pytest.mark.parametrize("stage", [PIPES, JOB, LEADER], ids=["pipes", "job", "leader"])
def test_interrupt_by_kill_comes_once(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), Trace(), *send(signal.SIGINT, times=2), *finish()), stage), checks.each_one_taken_once)


@requirement("SIG-4")
@over("number", OTHERS, sample=SOME_OTHERS, what="other signals")
def test_other_signal_reaches_the_command_once(case: Case, number: int) -> None:
    case(Scenario((Settle(), *send(number), *finish())), checks.exactly_once)


@requirement("SIG-5")
@over("number", COMMON_SIGNALS)
def test_ignored_signal_does_not_end_the_launcher(case: Case, number: int) -> None:
    steps = (Order(orders.Ignore(int(number))), Settle(), *(Signal(number), Settle()) * 2, *finish())
    case(Scenario(steps), checks.launcher_survives)


@requirement("SIG-4")
@over("number", signals.realtime(), sample=signals.realtime()[2:3], what="real-time signals that queue")
def test_realtime_signals_queue(case: Case, number: int) -> None:
    # held, so that all three are pending
    case(Scenario((Settle(), Hold(), *(Signal(number),) * 3, Release(), Settle(), *finish())), checks.exactly_once)


@requirement("SIG-5")
@takes_long
def test_handled_signals_are_not_followed_by_force(case: Case) -> None:
    """Waits for any timer that the launcher has set, once for both signals."""
    signalled = (Signal(signal.SIGTERM), Settle(), Signal(signal.SIGINT), Settle(GRACE))
    case(Scenario((Settle(), *signalled, *finish())), checks.launcher_survives)


@requirement("SIG-5")
@over("number", COMMON_SIGNALS)
def test_handled_signals_do_not_end_the_launcher(case: Case, number: int) -> None:
    case(Scenario((Settle(), *(Signal(number), Settle()) * 3, *finish())), checks.launcher_survives)


@requirement("SIG-6")
@takes_long
@pytest.mark.parametrize(("campaign", "share"), [("start", 1.65), ("start, terminal", 0.08)], ids=["pipes", "terminal"])
def test_signal_at_any_moment_of_the_start(case: Case, campaign: str, share: float) -> None:
    case.explore(campaign_named(campaign), share)


@requirement("SIG-7")
@pytest.mark.parametrize(("campaign", "share"), [("end", 0.1), ("end, terminal", 0.05)], ids=["pipes", "terminal"])
def test_signal_at_any_moment_of_the_end(case: Case, campaign: str, share: float) -> None:
    case.explore(campaign_named(campaign), share)


@requirement("SIG-8")
@over("number", (0, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
def test_reaped_command_is_not_signalled(case: Case, number: int) -> None:
    case(Scenario((Settle(), Trace(at_reap=number), *finish())), checks.never_signals_reaped)


@requirement("SIG-8")
def test_reaped_command_is_not_signalled_at_any_moment(case: Case) -> None:
    case.explore(campaign_named("end, pids"), share=0.1, has_other_cases=True)


@requirement("SIG-8")
@over("number", (signal.SIGTERM, signal.SIGUSR1))
def test_reaped_command_is_not_signalled_after_forwarding(case: Case, number: int) -> None:
    case(Scenario((Settle(), Trace(), *send(number), *finish())), checks.never_signals_reaped)


@requirement("SIG-9")
@over("number", (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1))
def test_signal_is_forwarded_in_time(case: Case, number: int) -> None:
    case(Scenario((Settle(), *send(number, times=5), *finish())), checks.forwarded_in_time)


@requirement("SIG-10")
@over("number", (signal.SIGUSR1, signal.SIGTERM))
def test_nothing_is_lost_while_the_launcher_is_stopped(case: Case, number: int) -> None:
    stopped = (Signal(signal.SIGSTOP), WaitStopped("launcher"), Signal(number), Settle(), Signal(signal.SIGCONT))
    steps = (Settle(), *stopped, WaitReceived(number), Settle(), *send(number), *finish())
    case(Scenario(steps), checks.nothing_lost_while_stopped)
