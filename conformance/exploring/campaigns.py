"""The campaigns: for each requirement about ANY moment, the scenario that is explored and the check that judges it."""

from __future__ import annotations

import signal
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from proctor.conformance.checks import cache, environments, moments, signals, sync
from proctor.conformance.checks.common import NotApplicable, NotObservable, needs_freedom
from proctor.conformance.checks.files import CODE, NEXT
from proctor.conformance.exploring.kinds import KINDS, Moments
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.judge import Claims, not_claimed
from proctor.conformance.judging.stimulus import of_requirement
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
from proctor.conformance.spec import requirements
from proctor.harness import orders
from proctor.harness.errors import UsageError, nearest
from proctor.harness.explorer.explore import Evaluation, Predicate
from proctor.harness.explorer.ordering import process_orders
from proctor.harness.explorer.pairs import pairs
from proctor.harness.explorer.random_schedules import random_schedules
from proctor.harness.explorer.spread import spread, spread_over_kinds
from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import PlannedSchedule, Stimulus, sweep
from proctor.harness.history import DirectiveApplied, History
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    Compare,
    NewPhase,
    Order,
    Scenario,
    Settle,
    Stage,
    Step,
    WaitEnds,
)
from proctor.harness.schedule import CallLauncher, Deliver, PressKey
from proctor.harness.signals import COMMON_SIGNALS
from proctor.harness.signals import name as name_of_signal
from proctor.harness.target import Profile, Target
from proctor.harness.violation import Violation

Check = Callable[[History, History], list[Violation]]
ComparedWith = Literal["bare", "undisturbed"]
"""The history with which others are compared: that of the bare command, or that of the undisturbed launcher."""
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
STRATEGIES = ("sweep", "pairs", "ends", "random")
KILLS: tuple[Stimulus, ...] = (Deliver(int(signal.SIGKILL)), Deliver(int(signal.SIGKILL), "all"))
"""SIGKILL to the launcher alone, and to all of its processes, as when a container or a control group is ended."""
SEED = 1


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


class Campaign(NamedTuple):
    """One exploration for one requirement: a scenario, the part of it that is explored, the stimuli, the check. claims:
    profiles that the launcher must claim, if not only that of the requirement; instead: a launcher that claims this
    profile has another campaign instead of this one; rotated: each point gets only one of the signals, in turn, because
    another campaign delivers all of them at the launcher's own points. shared: the stimuli of all campaigns that play
    the same scenario: their schedules come in one order, so that each is played once."""

    name: str
    requirement: str
    scenario: Scenario
    part: int
    stimuli: tuple[Stimulus, ...]
    check: Check
    compared_with: ComparedWith = "bare"
    claims: Claims = ()
    unless_profile: Profile | None = None
    rotated: bool = False
    shared: tuple[Stimulus, ...] = ()

    @property
    def is_about_files(self) -> bool:
        """Whether it is about what is on disk, so that its points are tried by kinds."""
        return self.compared_with == "undisturbed"

    def why_not(self, target: Target) -> str:
        """Return why this is not explored on a target; "" if it is."""
        if self.unless_profile in target.profiles:
            return f"{target.name} claims the profile {self.unless_profile}, which has another campaign"
        return not_claimed(requirements()[self.requirement], target, self.claims)

    def plan(self, survey: Survey, strategy: str, exhaustive: bool) -> Plan:
        """Return the schedules of one strategy."""
        if not self.stimuli:
            return Plan(spread(process_orders(survey)), "")
        if strategy == "sweep":
            planned, redundant, unaffected, rotated = sweep(survey, self.stimuli, self.part, exhaustive, self.rotated)
            left_out = []
            if redundant:
                why = "its disposition is the default, and nothing was created that could be left behind"
                left_out.append(f"{redundant} at points where the signal only ends the launcher ({why})")
            if unaffected:
                left_out.append(f"{unaffected} at system calls that have no effect on the signal")
            if rotated:
                where = "" if self.rotated else " of programs that it started"
                left_out.append(f"{rotated} at points{where}, which get one signal each")
            if self.is_about_files:
                return self._by_kinds(survey, planned, exhaustive)._replace(left_out="; ".join(left_out))
            return Plan(spread(planned), "; ".join(left_out))
        if strategy == "pairs":
            return Plan(list(pairs(survey, self.stimuli, self.part)), "")
        return Plan(random_schedules(survey, self.stimuli, self.part, SEED), "")

    def _by_kinds(self, survey: Survey, planned: list[PlannedSchedule], exhaustive: bool) -> Plan:
        """Return a plan of these schedules in the order of all that play this scenario."""
        moments_of, mine = Moments(survey.points_of_part(self.part)), {one.schedule for one in planned}
        others = sweep(survey, self.shared, self.part, exhaustive, self.rotated).planned if self.shared else planned
        in_order = spread_over_kinds(others, moments_of.kind_of, moments_of.rank_of)
        places = [place for place, one in enumerate(in_order) if one.schedule in mine]
        kinds = sorted({moments_of.kind_of(one.site.point) for one in planned if one.site})
        return Plan([in_order[place] for place in places], "", tuple(KINDS[n].name for n in kinds), places)

    def predicate(self, bare: History) -> Predicate:
        """Return the check as a predicate of the explorer. A history that cannot be judged has no objection."""

        def evaluation(history: History) -> Evaluation:
            try:
                needs_freedom(history)
                found = self.check(history, bare)
            except (NotApplicable, NotObservable):
                did = any(fact.what == "done" for fact in history.facts(DirectiveApplied))
                return Evaluation(moments.UNTOLD if did else moments.NOTHING_SENT)
            label = moments.outcome(history, bare if self.compared_with == "bare" else history)
            if any(one.code == "file-left" for one in found):
                label = "ends, a file left"
            elif any(one.code == "terminal-changed" for one in found):
                label = "ends, the terminal changed"
            elif found and self.compared_with != "bare":
                label = f"wrong: {found[0].code}"
            elif found and label in (moments.UNDISTURBED, moments.REACHES):
                label = "lost" if self.stimuli and self.part == 1 else "not as without it"
            objections = of_requirement(found, self.requirement, history)
            return Evaluation(label, objections, tuple(n for one in found for n in one.events))

        return evaluation


class Plan(NamedTuple):
    """Schedules to play, a list where their number is known; and what was left out, with the reason. kinds: of the
    points, where these are tried by kinds. places: that of each schedule among those of all campaigns which play the
    same scenario."""

    planned: list[PlannedSchedule] | Iterator[PlannedSchedule]
    left_out: str
    kinds: tuple[str, ...] = ()
    places: Sequence[int] = ()

    @property
    def size(self) -> int | None:
        """The number of schedules; None if they are unlimited."""
        return len(self.planned) if isinstance(self.planned, list) else None

    def among(self, most: int) -> int:
        """Return how many schedules there are among the first ones of all campaigns that play the same scenario."""
        return bisect_left(self.places, most) if self.places else most


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
        Campaign("creation, cold", "ENV-3", _run(ended, COLD), 1, by_kill, environments.next_run_works, rotated=True),
        Campaign(
            "creation, terminal", "ENV-3", _run(ended, JOB_WARM), 1, at_terminal, environments.interrupted_creation
        ),
        Campaign(
            "creation, cold, killed", "ENV-4", _run(ended, COLD), 1, KILLS, environments.next_run_works, rotated=True
        ),
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


def _killed(moment: str, part: int) -> Iterator[Campaign]:
    """Yield a campaign for launchers without prune, and one for launchers with it, whose prune may remove the rest."""
    dead = (*END_OF_RUN, *NEXT_RUN, Settle(limit=2.0), Compare(NEXT))
    alone = Campaign(f"{moment}, killed", "ENV-4", _run(dead), part, KILLS, environments.killed, unless_profile="cache")
    yield alone
    yield alone._replace(
        name=f"{moment}, killed, pruned",
        scenario=_run((*dead, *PRUNE)),
        claims=("ephemeral", "cache"),
        unless_profile=None,
    )


def _run(after: tuple[Step, ...], stage: Stage = WARM, steps: tuple[Step, ...] = ()) -> Scenario:
    """Return the scenario of a run whose command is a tool of its environment."""
    return Scenario(steps or whole_run(stage).steps, stage, "tool", after=after, within=LAUNCHER_TIMEOUT)


def _prune(after: tuple[Step, ...]) -> Scenario:
    return Scenario((WaitEnds(),), WARM, "tool", invoke="prune", after=after, within=LAUNCHER_TIMEOUT)


def _sync_campaigns(by_kill: tuple[Stimulus, ...]) -> tuple[Campaign, ...]:
    any_way = (KILLS[1], Deliver(int(signal.SIGINT), "group"), *by_kill, KILLS[0])
    campaigns = []
    for name, scenario in (("sync", sync_scenario(COLD)), ("sync, again", sync_scenario(Stage(home="stale")))):
        campaigns += [
            Campaign(name, "SYNC-1", scenario, 1, any_way, sync.never_half, claims=("sync",)),
            Campaign(f"{name}, files", "SYNC-2", scenario, 1, any_way[1:-1], sync.no_temporary_file, claims=("sync",)),
            Campaign(f"{name}, next", "SYNC-3", scenario, 1, any_way, sync.next_sync_succeeds_at_any_moment,
                     claims=("sync",)),
        ]  # fmt: skip
    for name, scenario in (("kept", kept_scenario(COLD)), ("kept, again", kept_scenario(Stage(home="stale")))):
        campaigns += [
            Campaign(name, "SYNC-1", scenario, 1, any_way, sync.never_half_for_a_run, claims=("kept",)),
            Campaign(f"{name}, files", "SYNC-2", scenario, 1, any_way[1:-1], sync.no_temporary_file, claims=("kept",)),
            Campaign(f"{name}, next", "SYNC-3", scenario, 1, any_way, sync.next_sync_succeeds_at_any_moment,
                     claims=("kept",)),
        ]  # fmt: skip
    return tuple(campaign._replace(compared_with="undisturbed") for campaign in campaigns)


def campaigns(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return all campaigns, with these signals."""
    by_kill = tuple(Deliver(int(number)) for number in numbers)
    about_files = (*_environment_campaigns(by_kill), *_sync_campaigns(by_kill))
    return (*campaigns_of_any_launcher(numbers), *_with_shared(about_files))


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
    )
