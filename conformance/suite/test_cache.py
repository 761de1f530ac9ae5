"""Chapter CACHE: the shared cache."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import cache as checks
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.scenarios.environments import (
    COLD,
    COMPARE_AT_END,
    KILL_RUN,
    NEXT_RUN,
    PRUNE,
    WARM,
    inspect,
    run_scenario,
)
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement, takes_long
from proctor.harness import orders
from proctor.harness.scenario import Order, Reuse, Settle, Signal, Stage, Start, WaitEnds, WaitReady

UNDISTURBED = run_scenario(*finish(), *COMPARE_AT_END, *PRUNE)
"""A run that ends normally, then a prune."""


@requirement("CACHE-1")
@pytest.mark.parametrize("stage", [WARM, COLD], ids=["warm", "cold"])
def test_prune_takes_nothing_from_a_command(case: Case, stage: Stage) -> None:
    """A long-running tool with a late import during `cache prune` (uv#11694)."""
    # the prune is not waited for: it may wait for the command, and then takes nothing from it
    case(
        run_scenario(Start("prune", "prune"), Settle(), *inspect(), *finish(), stage=stage),
        checks.command_keeps_its_files,
    )


@requirement("CACHE-1")
def test_prune_takes_nothing_from_a_command_in_its_shutdown(case: Case) -> None:
    shutdown = (Signal(signal.SIGTERM), Settle(limit=2.0), Order(orders.Whole()))
    steps = (*shutdown, Start("prune", "prune"), Settle(), *inspect(), *finish())
    case(run_scenario(*steps), checks.command_keeps_its_files)


@requirement("CACHE-1")
def test_prune_takes_nothing_from_the_one_that_stays(case: Case) -> None:
    """Two commands use the same cache. One is killed; the other still needs it."""
    ended = (Signal(signal.SIGKILL, "other"), WaitEnds("other"), Signal(signal.SIGKILL, "other-command"), Settle())
    other = (Start("run", "other"), WaitReady("other-command"), *ended, Order(orders.Whole()))
    steps = (*other, Start("prune", "prune"), Settle(), *inspect())
    case(run_scenario(*steps), checks.command_keeps_its_files)


@requirement("CACHE-1")
@takes_long
def test_prune_at_any_moment_of_a_start(case: Case) -> None:
    case.explore(campaign_named("start, prune"), share=0.2)


@requirement("CACHE-2")
@pytest.mark.parametrize("stage", [WARM, COLD], ids=["warm", "cold"])
def test_prune_does_not_wait_for_a_command(case: Case, stage: Stage) -> None:
    steps = (Start("prune", "prune"), WaitEnds("prune"), *finish())
    case(run_scenario(*steps, stage=stage), checks.prune_does_not_wait)  # on a busy machine the times only get longer


@requirement("CACHE-3")
@pytest.mark.parametrize("stage", [WARM, COLD], ids=["warm", "cold"])
def test_prune_removes_what_an_ended_run_has_used(case: Case, stage: Stage) -> None:
    case(run_scenario(*finish(), Settle(limit=2.0), *PRUNE, stage=stage), checks.removes_what_nobody_uses)


@requirement("CACHE-3")
def test_prune_removes_what_a_killed_first_run_has_left(case: Case) -> None:
    case(run_scenario(*KILL_RUN, *PRUNE, stage=COLD), checks.removes_what_nobody_uses)


@requirement("CACHE-3")
def test_prune_removes_what_a_killed_run_has_used(case: Case) -> None:
    case(run_scenario(*KILL_RUN, *PRUNE), checks.removes_as_much_as_ever, compared_with=UNDISTURBED)


@requirement("CACHE-3")
@pytest.mark.parametrize("process", ["launcher", "command"])
def test_prune_removes_it_although_the_pid_is_used_again(case: Case, process: str) -> None:
    case(run_scenario(*KILL_RUN, Reuse(process), *PRUNE), checks.removes_as_much_as_ever, compared_with=UNDISTURBED)


@requirement("CACHE-4")
@takes_long
def test_prune_interrupted_at_any_moment(case: Case) -> None:
    case.explore(campaign_named("prune"), share=0.3)


@requirement("CACHE-4")
def test_run_works_after_a_prune(case: Case) -> None:
    case(run_scenario(*finish(), *PRUNE, *NEXT_RUN), checks.works_afterwards)


@requirement("CACHE-5")
@takes_long
def test_run_at_any_moment_of_a_prune(case: Case) -> None:
    case.explore(campaign_named("prune, run"), share=0.2)
