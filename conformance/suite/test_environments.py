"""Chapter ENV: temporary environments."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import environments as checks
from proctor.conformance.checks.files import LATER
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.scenarios.environments import (
    COLD,
    COLD_JOB,
    JOB,
    LEADER,
    NEXT_RUN,
    WARM,
    inspect,
    run_scenario,
)
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import over, requirement, takes_long
from proctor.harness import orders
from proctor.harness.scenario import (
    Compare,
    HangUp,
    Key,
    Order,
    Press,
    Settle,
    Signal,
    Stage,
    Start,
    WaitEnds,
    WaitReady,
    WaitReceived,
)

COLD_SHARE = 0.35
"""Of the work for one launcher, for the schedules of a first creation, which are played once for ENV-3 and ENV-4."""
collected = pytest.mark.parametrize("by", ["", ", pruned"], ids=["next-run", "prune"])
"""What may remove the rest: the next run, or, of a launcher that has one, prune."""
ASKED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@requirement("ENV-1")
@over("ending", ("exit 0", "exit 1", f"die {int(signal.SIGKILL)}", f"die {int(signal.SIGSEGV)}"))
@pytest.mark.parametrize("stage", [WARM, JOB], ids=["pipes", "job"])
def test_environment_is_gone_after_the_command_ended(case: Case, ending: str, stage: Stage) -> None:
    case(
        run_scenario(Order(orders.parse(ending)), WaitEnds("command"), WaitEnds(), stage=stage),
        checks.gone_after_the_end,
    )


@requirement("ENV-1")
@over("number", ASKED)
def test_environment_is_gone_after_a_signal(case: Case, number: int) -> None:
    case(run_scenario(Order(orders.Inherit()), Settle(), Signal(number), WaitEnds()), checks.gone_after_the_end)


@requirement("ENV-1")
@over("number", ASKED)
def test_environment_is_gone_after_a_graceful_shutdown(case: Case, number: int) -> None:
    steps = (Signal(number), WaitReceived(number), Settle(), *finish(3))
    case(run_scenario(*steps), checks.gone_after_the_end)


@requirement("ENV-1")
@over("key", ("ctrl-c", "ctrl-\\"))
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_environment_is_gone_after_a_key(case: Case, key: Key, stage: Stage) -> None:
    case(
        run_scenario(Order(orders.Inherit()), Settle(), Press(key), WaitEnds(), stage=stage), checks.gone_after_the_end
    )


@requirement("ENV-1")
def test_environment_is_gone_after_ctrl_c_twice(case: Case) -> None:
    once = (Press("ctrl-c"), WaitReceived(signal.SIGINT), Settle())
    case(run_scenario(*once, *once, *finish(1), stage=JOB), checks.gone_after_the_end)


@requirement("ENV-1")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_environment_is_gone_after_a_hang_up(case: Case, stage: Stage) -> None:
    case(run_scenario(Order(orders.Inherit()), Settle(), HangUp(), WaitEnds(), stage=stage), checks.gone_after_the_end)


@requirement("ENV-2")
@pytest.mark.parametrize("stage", [WARM, JOB], ids=["pipes", "job"])
def test_environment_is_whole_while_the_command_runs(case: Case, stage: Stage) -> None:
    case(run_scenario(*inspect(), *finish(), stage=stage), checks.whole_while_it_runs)


@requirement("ENV-2")
@over("number", ASKED)
def test_environment_is_whole_during_a_graceful_shutdown(case: Case, number: int) -> None:
    case(run_scenario(Signal(number), Settle(limit=2.0), *inspect(), *finish()), checks.whole_while_it_runs)


@requirement("ENV-2")
@pytest.mark.parametrize("times", [1, 2])
def test_environment_is_whole_after_ctrl_c(case: Case, times: int) -> None:
    pressed = (Press("ctrl-c"), Settle(limit=2.0)) * times
    case(run_scenario(*pressed, *inspect(), *finish(), stage=JOB), checks.whole_while_it_runs)


@requirement("ENV-2")
def test_environment_is_whole_after_a_hang_up(case: Case) -> None:
    case(run_scenario(HangUp(), Settle(limit=2.0), *inspect(), stage=LEADER), checks.whole_while_it_runs)


@requirement("ENV-2")
def test_environment_is_whole_while_a_command_outlives_the_launcher(case: Case) -> None:
    """The launcher is killed. Another run, which removes what is left over, must keep the command's environment."""
    steps = (Signal(signal.SIGKILL), WaitEnds(), Settle(limit=2.0), *NEXT_RUN, Settle(), *inspect())
    case(run_scenario(*steps), checks.whole_while_it_runs)


@requirement("ENV-3")
@takes_long
def test_signal_at_any_moment_of_creation_leaves_nothing(case: Case) -> None:
    case.explore(campaign_named("creation"), share=0.4)


@requirement("ENV-3")
@takes_long
@collected
def test_signal_at_any_moment_of_a_first_creation(case: Case, by: str) -> None:
    case.explore(campaign_named(f"creation, cold{by}"), share=COLD_SHARE)


@requirement("ENV-3")
@takes_long
def test_ctrl_c_at_any_moment_of_creation_leaves_nothing(case: Case) -> None:
    """A key sends the signal to every process in the foreground group, also to helpers of the launcher."""
    case.explore(campaign_named("creation, terminal"), share=0.2)


@requirement("ENV-4")
@takes_long
@collected
def test_kill_at_any_moment_of_a_first_creation(case: Case, by: str) -> None:
    case.explore(campaign_named(f"creation, cold, killed{by}"), share=COLD_SHARE)


@requirement("ENV-4")
@takes_long
@pytest.mark.parametrize("moment", ["creation", "end"])
def test_next_run_after_a_kill_at_any_moment(case: Case, moment: str) -> None:
    case.explore(campaign_named(f"{moment}, killed"), share=0.15)


@requirement("ENV-4")
@takes_long
@pytest.mark.parametrize("moment", ["creation", "end"])
def test_prune_after_a_kill_at_any_moment(case: Case, moment: str) -> None:
    case.explore(campaign_named(f"{moment}, killed, pruned"), share=0.3)


@requirement("ENV-5")
def test_run_that_ends_leaves_the_other_alone(case: Case) -> None:
    case(run_scenario(*NEXT_RUN, Settle(limit=2.0), *inspect(), *finish()), checks.side_by_side)


@requirement("ENV-5")
def test_run_that_is_left_alone_goes_on(case: Case) -> None:
    steps = (
        Start("run", "other"),
        WaitReady("other-command"),
        *finish(),
        Settle(limit=2.0),
        *inspect("other-command"),
    )
    case(run_scenario(*steps), checks.side_by_side)


@requirement("ENV-5")
def test_run_that_is_killed_does_not_hurt_the_other(case: Case) -> None:
    kill = (Signal(signal.SIGKILL, "other"), WaitEnds("other"), Signal(signal.SIGKILL, "other-command"))
    steps = (
        Start("run", "other"),
        WaitReady("other-command"),
        *kill,
        Settle(limit=2.0),
        *NEXT_RUN,
        Settle(),
        *inspect(),
    )
    case(run_scenario(*steps), checks.side_by_side)


@requirement("ENV-5")
@takes_long
def test_run_at_any_moment_of_the_creation_of_another(case: Case) -> None:
    case.explore(campaign_named("another run"), share=0.2)


@requirement("ENV-6")
@over("ending", ("exit 0", "exit 1", f"die {int(signal.SIGKILL)}"))
def test_nothing_else_is_touched_by_a_run(case: Case, ending: str) -> None:
    case(run_scenario(Order(orders.parse(ending)), WaitEnds("command"), WaitEnds()), checks.only_its_own)


@requirement("ENV-6")
@over("number", ASKED)
def test_nothing_else_is_touched_after_a_signal(case: Case, number: int) -> None:
    case(run_scenario(Order(orders.Inherit()), Settle(), Signal(number), WaitEnds()), checks.only_its_own)


@requirement("ENV-6")
@pytest.mark.parametrize("stage", [COLD, COLD_JOB], ids=["pipes", "job"])
def test_nothing_else_is_touched_by_a_first_run(case: Case, stage: Stage) -> None:
    """HOME is empty."""
    case(run_scenario(*finish(), stage=stage), checks.only_its_own)


@requirement("ENV-6")
@over("number", ASKED)
def test_nothing_else_is_touched_by_a_first_run_after_a_signal(case: Case, number: int) -> None:
    case(run_scenario(Order(orders.Inherit()), Settle(), Signal(number), WaitEnds(), stage=COLD), checks.only_its_own)


@requirement("ENV-6")
def test_cleaning_up_follows_no_link(case: Case) -> None:
    """The command makes a link in its environment to a directory of the user."""
    case(run_scenario(Order(orders.Link("bystander")), *finish()), checks.only_its_own)


@requirement("ENV-6")
def test_nothing_else_is_touched_by_what_collects(case: Case) -> None:
    killed = (Signal(signal.SIGKILL), WaitEnds(), Signal(signal.SIGKILL, "command"), Settle())
    after = (*NEXT_RUN, Settle(limit=2.0), Compare(LATER))
    case(run_scenario(Order(orders.Link("bystander")), *killed, after=after), checks.only_its_own)
