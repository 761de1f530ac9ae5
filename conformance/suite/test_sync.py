"""Chapter SYNC: persistent environments."""

from __future__ import annotations

from proctor.conformance.checks import sync as checks
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.scenarios.environments import COLD, WARM, interrupted_build, kept_scenario, sync_scenario
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement, takes_long
from proctor.harness.scenario import Press

SHARE = 0.6
"""Of the work for one launcher, for the schedules of a first sync or run, and of a further one. Each is played once,
and judged for SYNC-1, SYNC-2 and SYNC-3."""


@requirement("SYNC-1")
@takes_long
def test_interrupted_at_any_moment_of_a_first_sync(case: Case) -> None:
    case.explore(campaign_named("sync"), share=SHARE)


@requirement("SYNC-1")
@takes_long
def test_interrupted_at_any_moment_of_a_further_sync(case: Case) -> None:
    case.explore(campaign_named("sync, again"), share=SHARE)


@requirement("SYNC-2")
def test_sync_leaves_no_temporary_file(case: Case) -> None:
    case(sync_scenario(COLD), checks.undisturbed_leaves_nothing, claims=("sync",))


@requirement("SYNC-2")
@takes_long
def test_interrupted_sync_leaves_no_temporary_file(case: Case) -> None:
    case.explore(campaign_named("sync, files"), share=SHARE)


@requirement("SYNC-2")
@takes_long
def test_interrupted_further_sync_leaves_no_temporary_file(case: Case) -> None:
    case.explore(campaign_named("sync, again, files"), share=SHARE)


@requirement("SYNC-3")
@takes_long
def test_next_sync_after_an_interruption_at_any_moment(case: Case) -> None:
    case.explore(campaign_named("sync, next"), share=SHARE)


@requirement("SYNC-3")
def test_next_sync_with_another_interpreter(case: Case) -> None:
    first = sync_scenario(COLD, "other")
    case(sync_scenario(WARM, "other"), checks.next_sync_succeeds, claims=("sync",), compared_with=first)


@requirement("SYNC-4")
def test_ctrl_c_ends_a_sync(case: Case) -> None:
    case(interrupted_build(Press("ctrl-c")), checks.ctrl_c_ends_it, claims=("sync",))


# -- launchers that make their environment in a run, and keep it


@requirement("SYNC-1")
@takes_long
def test_interrupted_at_any_moment_of_a_first_run(case: Case) -> None:
    case.explore(campaign_named("kept"), share=SHARE)


@requirement("SYNC-1")
@takes_long
def test_interrupted_at_any_moment_of_a_run_that_makes_it_again(case: Case) -> None:
    case.explore(campaign_named("kept, again"), share=SHARE)


@requirement("SYNC-2")
def test_run_leaves_no_temporary_file(case: Case) -> None:
    case(kept_scenario(COLD), checks.undisturbed_leaves_nothing, claims=("kept",))


@requirement("SYNC-2")
@takes_long
def test_interrupted_run_leaves_no_temporary_file(case: Case) -> None:
    case.explore(campaign_named("kept, files"), share=SHARE)


@requirement("SYNC-2")
@takes_long
def test_interrupted_run_that_makes_it_again_leaves_no_temporary_file(case: Case) -> None:
    case.explore(campaign_named("kept, again, files"), share=SHARE)


@requirement("SYNC-3")
@takes_long
def test_next_run_after_an_interruption_at_any_moment(case: Case) -> None:
    case.explore(campaign_named("kept, next"), share=SHARE)


@requirement("SYNC-3")
def test_next_run_with_another_interpreter(case: Case) -> None:
    case(kept_scenario(WARM, "other"), checks.next_run_succeeds, claims=("kept",))


@requirement("SYNC-4")
def test_ctrl_c_ends_a_run_that_makes_an_environment(case: Case) -> None:
    case(interrupted_build(Press("ctrl-c"), invoke="run"), checks.ctrl_c_ends_it, claims=("kept",))
