"""Chapter WORLD: real programs that launchers start as the command."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import world as checks
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    JOB,
    PIPES,
    SHELLS,
    Order,
    Parent,
    Press,
    Scenario,
    Settle,
    Signal,
    Stage,
    Type,
    WaitEnds,
    WaitMilestone,
    WaitOutput,
    WaitReceived,
)


@requirement("WORLD-5")
def test_usr2_to_ipython_runs_the_handler(case: Case) -> None:
    # once the prompt is there and all rests: readline keeps a signal back that comes before it waits for a key
    at_prompt = (WaitOutput("In [1]: "), Settle())
    handled = (Signal(signal.SIGUSR2), WaitReceived(signal.SIGUSR2), WaitMilestone("handled"), Settle())
    still_usable = (Type(b"6*7\n"), WaitOutput("42"), Settle())
    case(Scenario((*at_prompt, *handled, *still_usable), JOB, "ipython"), checks.same_effect)


@requirement("WORLD-5")
def test_usr1_to_coverage_saves_the_data(case: Case) -> None:
    saved = (Signal(signal.SIGUSR1), WaitReceived(signal.SIGUSR1), WaitMilestone("saved"), Settle())
    case(Scenario((WaitMilestone("ready"), Settle(), *saved), PIPES, "coverage"), checks.same_effect)


@requirement("WORLD-5")
def test_hup_to_gunicorn_reloads_and_term_ends_it_gracefully(case: Case) -> None:
    reload = (
        Signal(signal.SIGHUP), WaitReceived(signal.SIGHUP), WaitMilestone("reloaded"), WaitMilestone("worker"),
        WaitMilestone("worker-ended"), Settle(),
    )  # fmt: skip
    end = (Signal(signal.SIGTERM), WaitReceived(signal.SIGTERM), WaitMilestone("stopped"), WaitEnds("command"),
           WaitEnds())  # fmt: skip
    steps = (WaitMilestone("worker"), Settle(), *reload, *end)
    case(Scenario(steps, PIPES, "gunicorn"), checks.same_effect)


@requirement("WORLD-7")
@pytest.mark.parametrize("shell", SHELLS)
def test_ctrl_c_reaches_a_command_that_leads_its_own_group(case: Case, shell: Parent) -> None:
    regrouped = (Settle(), Order(orders.Regroup()), Settle())
    steps = (*regrouped, Press("ctrl-c"), WaitReceived(signal.SIGINT), Settle(), *finish())
    case(Scenario(steps, Stage(terminal=True, parent=shell)), checks.interrupted_in_own_group)
