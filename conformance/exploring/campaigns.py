"""The campaigns: for each requirement about ANY moment, the scenario that is explored and the check that judges it."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from proctor.conformance.checks import cache, environments, fault, group, moments, signals, sync
from proctor.conformance.checks.files import CODE, NEXT
from proctor.conformance.exploring.campaign import Campaign, Check
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.scenarios.environments import (
    COLD,
    END_OF_RUN,
    LAUNCHER_TIMEOUT,
    NEXT_RUN,
    PRUNE,
    WARM,
    inspect,
    kept_scenario,
    sync_scenario,
    use_and_end,
)
from proctor.conformance.scenarios.environments import JOB as JOB_WARM
from proctor.conformance.scenarios.group import ENDING, one_after_the_other
from proctor.harness import orders
from proctor.harness.errors import UsageError, nearest
from proctor.harness.explorer.sweep import Stimulus
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    Compare,
    NewPhase,
    Order,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    WaitEnds,
)
from proctor.harness.schedule import CallLauncher, Deliver, PressKey
from proctor.harness.signals import COMMON_SIGNALS
from proctor.harness.signals import name as name_of_signal
from proctor.harness.target import Profile

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
STRATEGIES = ("sweep", "pairs", "ends", "random", "complete")
SIGNALS_OF_COMPLETE = (signal.SIGINT, signal.SIGTERM)
"""The signals that `complete` delivers unless others are asked for."""
KILLS: tuple[Stimulus, ...] = (Deliver(int(signal.SIGKILL)), Deliver(int(signal.SIGKILL), "all"))
"""SIGKILL to the launcher alone, and to all of its processes, as when a container or a control group is ended."""

COLLECTED = (*END_OF_RUN, *NEXT_RUN, Settle(limit=2.0), Compare(NEXT))
"""What is left is compared, and again after the next run, which may remove it."""


def reject_unexplored_signals(numbers: Iterable[int]) -> None:
    """Raise UsageError for a signal that no campaign is about. SIG-6 is about signals that can be caught and whose
    default action ends a process; so not about SIGCHLD or SIGKILL."""
    for number in numbers:
        if number not in COMMON_SIGNALS:
            known = ", ".join(map(name_of_signal, COMMON_SIGNALS))
            raise UsageError(f"--signal={name_of_signal(number)}: no campaign uses this signal; choose from {known}")


def whole_run(stage: Stage) -> Scenario:
    """Return the scenario of most campaigns: the command starts, becomes quiescent, and ends; its end is part 2."""
    return Scenario((Settle(), NewPhase(), Order(orders.Exit(CODE)), WaitEnds("command"), WaitEnds("launcher")), stage)


def ends_at_once(stage: Stage) -> Scenario:
    """Return the scenario of campaigns without signals: the command ends as soon as it runs."""
    return Scenario((Order(orders.Exit(CODE)), WaitEnds("command"), WaitEnds("launcher")), stage)


def campaign_named(name: str, numbers: tuple[int, ...] = SIGNALS) -> Campaign:
    """Return the campaign of this name; UsageError if there is none."""
    known = {campaign.name: campaign for campaign in campaigns(numbers)}
    if name not in known:
        raise UsageError(f"there is no campaign '{name}'{nearest(name, known)}; known are: {'; '.join(known)}")
    return known[name]


def campaign_of(case: CaseFile) -> Campaign:
    """Return the campaign that judges a case, with the case's own scenario; raise UsageError where there is none."""
    return campaign_named(case.campaign)._replace(scenario=case.scenario)


def _environment_campaigns(by_kill: tuple[Stimulus, ...]) -> tuple[Campaign, ...]:
    """Return the campaigns of the chapters ENV and CACHE."""
    run, prune = CallLauncher("run"), CallLauncher("prune")
    ended = (*END_OF_RUN, *NEXT_RUN)
    at_terminal = (PressKey("ctrl-c"),)
    uses = (*inspect(), Order(orders.Exit(CODE)), WaitEnds())
    campaigns = (
        Campaign("creation", "ENV-3", _run(ended), 1, by_kill, environments.interrupted_creation),
        Campaign(
            "creation, terminal", "ENV-3", _run(ended, JOB_WARM), 1, at_terminal, environments.interrupted_creation
        ),
        *_first_creations(by_kill),
        *_killed("creation", 1),
        *_killed("end", 2),
        Campaign(
            "another run", "ENV-5", _run(use_and_end("beside"), steps=uses), 1, (run,), environments.start_beside_a_run
        ),
        Campaign("start, prune", "CACHE-1", _run((), steps=uses), 1, (prune,), cache.start_beside_a_prune),
        Campaign("prune", "CACHE-4", _prune(NEXT_RUN), 1, (*by_kill, *KILLS), cache.works_afterwards),
        Campaign("prune, run", "CACHE-5", _prune(use_and_end("beside")), 1, (run,), cache.start_during_a_prune),
    )
    return tuple(campaign._replace(compared_with="undisturbed") for campaign in campaigns)


def _with_shared(campaigns: Sequence[Campaign]) -> Iterator[Campaign]:
    """Yield the campaigns with the stimuli of all that play the same scenario."""
    for one in campaigns:
        alike = [
            stimulus for other in campaigns if (other.scenario, other.part) == (one.scenario, one.part)
            for stimulus in other.stimuli
        ]  # fmt: skip
        yield one._replace(shared=tuple(dict.fromkeys(alike)))


def _first_creations(by_kill: tuple[Stimulus, ...]) -> Iterator[Campaign]:
    script, signalled, killed = _run(COLLECTED, COLD), "creation, cold", "creation, cold, killed"
    checks = environments.interrupted_first_creation, environments.killed_first_creation
    yield from _with_prune(Campaign(signalled, "ENV-3", script, 1, by_kill, checks[0], rotated=True))
    yield from _with_prune(Campaign(killed, "ENV-4", script, 1, KILLS, checks[1], rotated=True))


def _killed(moment: str, part: int) -> Iterator[Campaign]:
    yield from _with_prune(Campaign(f"{moment}, killed", "ENV-4", _run(COLLECTED), part, KILLS, environments.killed))


def _with_prune(campaign: Campaign) -> Iterator[Campaign]:
    """Yield a campaign for launchers without prune, and one for launchers with it, whose prune may remove the rest."""
    yield campaign._replace(unless_profile="cache")
    script = campaign.scenario
    yield campaign._replace(
        name=f"{campaign.name}, pruned",
        scenario=msgspec.structs.replace(script, after=(*script.after, *PRUNE)),
        claims=("ephemeral", "cache"),
    )


def _run(after: tuple[Step, ...], stage: Stage = WARM, steps: tuple[Step, ...] = ()) -> Scenario:
    """Return the scenario of a run whose command is a tool of its environment."""
    return Scenario(steps or whole_run(stage).steps, stage, "tool", after=after, within=LAUNCHER_TIMEOUT)


def _prune(after: tuple[Step, ...]) -> Scenario:
    return Scenario((WaitEnds(),), WARM, "tool", invoke="prune", after=after, within=LAUNCHER_TIMEOUT)


def _sync_campaigns(by_kill: tuple[Stimulus, ...]) -> tuple[Campaign, ...]:
    any_way = (KILLS[1], Deliver(int(signal.SIGINT), "group"), *by_kill, KILLS[0])
    stale = Stage(home="stale")
    calls: tuple[tuple[str, Scenario, Check, Profile], ...] = (
        ("sync", sync_scenario(COLD), sync.never_half, "sync"),
        ("sync, again", sync_scenario(stale), sync.never_half, "sync"),
        ("kept", kept_scenario(COLD), sync.never_half_for_a_run, "kept"),
        ("kept, again", kept_scenario(stale), sync.never_half_for_a_run, "kept"),
    )
    campaigns = []
    for name, scenario, check, profile in calls:
        claims, files, again = (profile,), sync.no_temporary_file, sync.next_sync_succeeds_at_any_moment
        campaigns += [
            Campaign(name, "SYNC-1", scenario, 1, any_way, check, claims=claims),
            Campaign(f"{name}, files", "SYNC-2", scenario, 1, any_way[1:-1], files, claims=claims),
            Campaign(f"{name}, next", "SYNC-3", scenario, 1, any_way, again, claims=claims),
        ]
    return tuple(campaign._replace(compared_with="undisturbed") for campaign in campaigns)


def _group_campaigns(by_kill: tuple[Deliver, ...]) -> Iterator[Campaign]:
    interrupts = tuple(one for one in by_kill if one.signal in ENDING)
    if interrupts:
        check = group.at_any_moment_of_the_start
        yield Campaign("start, one at a time", "GROUP-4", one_after_the_other(), 1, interrupts, check, "undisturbed")


def _fault_campaigns() -> Iterator[Campaign]:
    """Yield the campaigns of the chapter FAULT: one scenario for each stage, judged by each requirement."""
    for stage, where in ((PIPES, ""), (JOB, ", terminal")):
        steps = (
            Settle(), Signal(int(signal.SIGTERM)), Settle(), Order(orders.Exit(CODE)), WaitEnds("command"),
            WaitEnds("launcher"),
        )  # fmt: skip
        script = Scenario(steps, stage)
        yield Campaign(f"failing calls{where}", "FAULT-1", script, 1, (), fault.ends_or_goes_on)
        yield Campaign(f"failing calls, left{where}", "FAULT-2", script, 1, (), fault.nothing_left)
        if not where:  # on a terminal it is not known whose output it is
            yield Campaign("failing calls, named", "FAULT-3", script, 1, (), fault.says_what_failed)
        yield Campaign(f"failing calls, state{where}", "FAULT-4", script, 1, (), fault.state_is_kept)
        yield Campaign(
            f"interrupted calls{where}", "FAULT-6", script, 1, (), fault.interruption_changes_nothing,
            failing="interruptions",
        )  # fmt: skip


def campaigns(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return all campaigns, with these signals."""
    by_kill = tuple(Deliver(int(number)) for number in numbers)
    about_files = (*_environment_campaigns(by_kill), *_sync_campaigns(by_kill))
    return (*campaigns_of_any_launcher(numbers), *_group_campaigns(by_kill), *_with_shared(about_files))


def campaigns_of_any_launcher(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return the campaigns for every launcher, also for those that make no environments."""
    by_kill = tuple(Deliver(int(number)) for number in numbers)
    start, end, order = moments.any_moment_of_start, moments.any_moment_of_end, moments.order_changes_nothing
    at_terminal: tuple[Stimulus, ...] = (PressKey("ctrl-c"), *by_kill[-1:])
    return (
        Campaign("start", "SIG-6", whole_run(PIPES), 1, by_kill, start),
        Campaign("start, terminal", "SIG-6", whole_run(JOB), 1, at_terminal, start),
        Campaign("end", "SIG-7", whole_run(PIPES), 2, by_kill, end),
        Campaign("end, terminal", "SIG-7", whole_run(JOB), 2, at_terminal, end),
        Campaign("end, pids", "SIG-8", whole_run(PIPES), 2, by_kill, signals.never_signals_reaped),
        Campaign("order", "EXIT-1", ends_at_once(PIPES), 1, (), order),
        Campaign("order, terminal", "EXIT-1", ends_at_once(LEADER), 1, (), order),
        Campaign("order, at rest, terminal", "EXIT-1", whole_run(LEADER), 1, (), order),
        *(one._replace(failing=one.failing or "errors", compared_with="undisturbed") for one in _fault_campaigns()),
    )
