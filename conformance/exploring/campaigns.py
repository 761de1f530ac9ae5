"""What the explorer plays for each requirement that speaks of ANY moment, and the check by which it is judged."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from proctor.conformance.checks import cache, environments, moments, signals, sync
from proctor.conformance.checks.common import NotApplicable, NotObservable
from proctor.conformance.checks.files import CODE, NEXT
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.judge import Claims, not_claimed
from proctor.conformance.scenarios.environments import COLD, NEXT_RUN, OVER, PATIENT, PRUNE, WARM, a_sync, looked, used
from proctor.conformance.scenarios.environments import JOB as JOB_WARM
from proctor.conformance.spec import requirements
from proctor.harness import orders
from proctor.harness.errors import UsageError, nearest
from proctor.harness.explorer.explore import Evaluation, Predicate
from proctor.harness.explorer.ordering import process_orders
from proctor.harness.explorer.pairs import pairs
from proctor.harness.explorer.random_schedules import random_schedules
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
Measure = Literal["bare", "undisturbed"]
"""What a history is compared with: the bare command's, or that of the launcher when nothing is done to it."""
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
STRATEGIES = ("sweep", "pairs", "ends", "random")
KILLS: tuple[Stimulus, ...] = (Deliver(int(signal.SIGKILL)), Deliver(int(signal.SIGKILL), "all"))
"""Of the launcher alone, and of all that it has started as well, as when a container or a control group is ended."""
SEED = 1


def needs_explored(numbers: Iterable[int]) -> None:
    """Raise WrongCall where what is explored says nothing of one of these signals: SIG-6 is about those that can be
    caught, and end who has no handler; not about SIGCHLD or SIGKILL."""
    for number in numbers:
        if number not in COMMON_SIGNALS:
            known = ", ".join(map(name_of_signal, COMMON_SIGNALS))
            raise UsageError(f"--signal={name_of_signal(number)}: what is explored is about {known}")


def whole_run(stage: Stage) -> Scenario:
    """Return the scenario of all explorations: the command starts, rests, and ends; its end is part 2."""
    return Scenario((Settle(), NewPhase(), Order(orders.Exit(CODE)), WaitEnds("command"), WaitEnds("launcher")), stage)


def ends_at_once(stage: Stage) -> Scenario:
    """Return the scenario for what is explored without signals: the command ends as soon as it runs."""
    return Scenario((Order(orders.Exit(CODE)), WaitEnds("command"), WaitEnds("launcher")), stage)


class Campaign(NamedTuple):
    """What is explored for one requirement: a scenario, a part of it, what is delivered there, the check. claims: the
    profiles that it takes, where that is not the requirement's alone; instead: who claims this one has another campaign
    in the place of this; rotated: the launcher's own points are met by each signal in another campaign, and in this one
    they take turns everywhere."""

    name: str
    requirement: str
    scenario: Scenario
    part: int
    stimuli: tuple[Stimulus, ...]
    check: Check
    measure: Measure = "bare"
    claims: Claims = ()
    instead: Profile | None = None
    rotated: bool = False

    def why_not(self, target: Target) -> str:
        """Say why this is not explored on a target; "" where it is."""
        if self.instead in target.profiles:
            return f"{target.name} claims the profile {self.instead}, and has another campaign for it"
        return not_claimed(requirements()[self.requirement], target, self.claims)

    def plan(self, survey: Survey, strategy: str, exhaustive: bool) -> Plan:
        """Return the schedules of one strategy."""
        if not self.stimuli:
            return Plan(list(process_orders(survey)), "")
        if strategy == "sweep":
            planned, redundant, unaffected, rotated = sweep(survey, self.stimuli, self.part, exhaustive, self.rotated)
            left_out = []
            if redundant:
                why = "its disposition is the default and nothing has been made yet"
                left_out.append(f"{redundant} at points where the signal only ends the launcher ({why})")
            if unaffected:
                left_out.append(f"{unaffected} at calls that cannot matter to it")
            if rotated:
                where = "" if self.rotated else " of programs that it has started"
                left_out.append(f"{rotated} at points{where}, where the signals take turns")
            order = _in_rounds(planned, len(self.stimuli)) if self.measure == "bare" else _spread(planned)
            return Plan(order, "; ".join(left_out))
        if strategy == "pairs":
            return Plan(list(pairs(survey, self.stimuli, self.part)), "")
        return Plan(random_schedules(survey, self.stimuli, self.part, SEED), "")

    def predicate(self, bare: History) -> Predicate:
        """Return the check as the explorer wants it: what cannot be judged is no objection."""

        def evaluation(history: History) -> Evaluation:
            try:
                found = self.check(history, bare)
            except (NotApplicable, NotObservable):
                did = any(fact.what == "done" for fact in history.facts(DirectiveApplied))
                return Evaluation(moments.UNTOLD if did else moments.NOTHING_SENT)
            label = moments.outcome(history, bare if self.measure == "bare" else history)
            if any(one.code == "file-left" for one in found):
                label = "ends, a file left"
            elif any(one.code == "terminal-changed" for one in found):
                label = "ends, the terminal changed"
            elif found and self.measure != "bare":
                label = f"wrong: {found[0].code}"
            elif found and label in (moments.UNDISTURBED, moments.REACHES):
                label = "lost" if self.stimuli and self.part == 1 else "not as without it"
            objections = tuple(one.of(self.requirement) for one in found)
            return Evaluation(label, objections, tuple(n for one in found for n in one.events))

        return evaluation


def _in_rounds(planned: list[PlannedSchedule], rounds: int) -> list[PlannedSchedule]:
    """Order the schedules so that a first round comes by each point with one of the signals, the next with another."""
    per_signal = -(-len(planned) // rounds)
    lines = [planned[n * per_signal : (n + 1) * per_signal] for n in range(rounds)]
    return [
        line[i] for r in range(rounds) for i in range(per_signal) for line in [lines[(i + r) % rounds]] if i < len(line)
    ]


def _spread(planned: list[PlannedSchedule]) -> list[PlannedSchedule]:
    """Order the schedules so that however early it ends, what has been played is spread over all of them: by the digits
    of their numbers, the last one first."""
    width = len(planned).bit_length()
    order = sorted(range(len(planned)), key=lambda n: f"{n:0{width}b}"[::-1])
    return [planned[n] for n in order]


class Plan(NamedTuple):
    """Schedules to play, a list where their number is known; and what was left out, with the reason."""

    planned: list[PlannedSchedule] | Iterator[PlannedSchedule]
    left_out: str

    @property
    def size(self) -> int | None:
        """How many there are; None where there is no end of them."""
        return len(self.planned) if isinstance(self.planned, list) else None


def campaign_named(name: str, numbers: tuple[int, ...] = SIGNALS) -> Campaign:
    """Return one campaign; raise WrongCall where there is none of this name."""
    known = {campaign.name: campaign for campaign in campaigns(numbers)}
    if name not in known:
        raise UsageError(f"there is no campaign '{name}'{nearest(name, known)}; known are: {'; '.join(known)}")
    return known[name]


def campaign_of(case: CaseFile) -> Campaign:
    """Return the campaign that judges a case, with the case's own scenario; raise UsageError where there is none."""
    return campaign_named(case.check)._replace(scenario=case.scenario)


def _of_environments(by_kill: tuple[Stimulus, ...]) -> tuple[Campaign, ...]:
    """Return those of ENV and CACHE."""
    run, prune = CallLauncher("run"), CallLauncher("prune")
    ended = (*OVER, *NEXT_RUN)
    at_terminal = (PressKey("ctrl-c"),)
    uses = (*looked(), Order(orders.Exit(CODE)), WaitEnds())
    campaigns = (
        Campaign("creation", "ENV-3", _run(ended), 1, by_kill, environments.interrupted_creation),
        Campaign("creation, cold", "ENV-3", _run(ended, COLD), 1, by_kill, environments.next_run_works, rotated=True),
        Campaign(
            "creation, terminal", "ENV-3", _run(ended, JOB_WARM), 1, at_terminal, environments.interrupted_creation
        ),
        Campaign("creation, cold, killed", "ENV-4", _run(ended, COLD), 1, KILLS, environments.next_run_works),
        *_killed("creation", 1),
        *_killed("end", 2),
        Campaign("another run", "ENV-5", _run(used("beside"), steps=uses), 1, (run,), environments.start_beside_a_run),
        Campaign("start, prune", "CACHE-1", _run((), steps=uses), 1, (prune,), cache.start_beside_a_prune),
        Campaign("prune", "CACHE-4", _prune(NEXT_RUN), 1, (*by_kill, *KILLS), cache.works_afterwards),
        Campaign("prune, run", "CACHE-5", _prune(used("beside")), 1, (run,), cache.start_during_a_prune),
    )
    return tuple(campaign._replace(measure="undisturbed") for campaign in campaigns)


def _killed(moment: str, part: int) -> Iterator[Campaign]:
    """Yield that of a launcher that has no prune, and that of one that has: it may leave it to this to collect."""
    dead = (*OVER, *NEXT_RUN, Settle(limit=2.0), Compare(NEXT))
    alone = Campaign(f"{moment}, killed", "ENV-4", _run(dead), part, KILLS, environments.killed, instead="cache")
    yield alone
    yield alone._replace(
        name=f"{moment}, killed, pruned", scenario=_run((*dead, *PRUNE)), claims=("ephemeral", "cache"), instead=None
    )


def _run(after: tuple[Step, ...], stage: Stage = WARM, steps: tuple[Step, ...] = ()) -> Scenario:
    """Return the scenario of a run whose command is a tool of its environment."""
    return Scenario(steps or whole_run(stage).steps, stage, "tool", after=after, within=PATIENT)


def _prune(after: tuple[Step, ...]) -> Scenario:
    return Scenario((WaitEnds(),), WARM, "tool", invoke="prune", after=after, within=PATIENT)


def _of_syncs(by_kill: tuple[Stimulus, ...]) -> tuple[Campaign, ...]:
    any_way = (*by_kill, *KILLS)
    campaigns = []
    for name, scenario in (("sync", a_sync(COLD)), ("sync, again", a_sync(Stage(home="stale")))):
        campaigns += [
            Campaign(name, "SYNC-1", scenario, 1, any_way, sync.never_half),
            Campaign(f"{name}, files", "SYNC-2", scenario, 1, by_kill, sync.no_temporary_file),
            Campaign(f"{name}, next", "SYNC-3", scenario, 1, any_way, sync.next_sync_succeeds_at_any_moment),
        ]
    return tuple(campaign._replace(measure="undisturbed") for campaign in campaigns)


def campaigns(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return all that can be explored, with these signals."""
    by_kill = tuple(Deliver(int(number)) for number in numbers)
    return (*of_any_launcher(numbers), *_of_environments(by_kill), *_of_syncs(by_kill))


def of_any_launcher(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return what is explored on every launcher, whatever it makes beside its command."""
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
