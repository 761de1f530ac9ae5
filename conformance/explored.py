"""Requirements that speak of ANY moment: what the explorer plays for each, and how it is judged."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from conformance.checks import moments, signals
from conformance.checks.common import NotApplicable, NotObservable, Violation, launcher_is_command, needs_tracing
from conformance.judge import Bare, Judgement, Verdict, needs_stage, timeline
from conformance.spec import requirements
from conformance.stages import JOB, LEADER, PIPES
from harness.errors import HarnessError, WrongCall, nearest
from harness.explorer.chance import chance
from harness.explorer.ends import ends
from harness.explorer.explore import REPLAYS, Exploration, Explorer, Opinion, Predicate
from harness.explorer.pairs import pairs
from harness.explorer.survey import Play, Survey, survey
from harness.explorer.sweep import Planned, Stimulus, sweep
from harness.history import History, Looked, Remained
from harness.scenario import Ends, Order, Part, Scenario, Settle, Stage
from harness.schedule import Deliver, PressKey, Schedule
from harness.target import Target

Execute = Callable[[Target, Scenario, Schedule], History]
Check = Callable[[History, History], list[Violation]]
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
STRATEGIES = ("sweep", "pairs", "ends", "random")
SEED = 1
UNDISTURBED = 3
"""Executions to see what a launcher leaves."""
CODE = 7
"""What the command ends with: not 0, not 1, which a launcher may end with for reasons of its own."""


def whole_run(stage: Stage) -> Scenario:
    """Return the scenario of all explorations: the command starts, rests, and ends; its end is part 2."""
    return Scenario((Settle(), Part(), Order(f"exit {CODE}"), Ends("command"), Ends("launcher")), stage)


def ends_at_once(stage: Stage) -> Scenario:
    """Return the scenario for what is explored without signals: the command ends as soon as it runs."""
    return Scenario((Order(f"exit {CODE}"), Ends("command"), Ends("launcher")), stage)


class Campaign(NamedTuple):
    """What is explored for one requirement: a scenario, a part of it, what is delivered there, the check."""

    name: str
    requirement: str
    scenario: Scenario
    part: int
    stimuli: tuple[Stimulus, ...]
    check: Check

    def plan(self, survey: Survey, strategy: str, exhaustive: bool) -> Plan:
        """Return the schedules of one strategy."""
        if not self.stimuli:
            return Plan(list(ends(survey)), "")
        if strategy == "sweep":
            planned, redundant, unconcerned = sweep(survey, self.stimuli, self.part, exhaustive)
            left_out = []
            if redundant:
                why = "its disposition is the default and nothing has been made yet"
                left_out.append(f"{redundant} at points where the signal only ends the launcher ({why})")
            if unconcerned:
                left_out.append(f"{unconcerned} at calls that set the disposition of another signal")
            return Plan(_in_rounds(planned, len(self.stimuli)), "; ".join(left_out))
        if strategy == "pairs":
            return Plan(list(pairs(survey, self.stimuli, self.part)), "")
        return Plan(chance(survey, self.stimuli, self.part, SEED), "")

    def predicate(self, bare: History) -> Predicate:
        """Return the check as the explorer wants it: what cannot be judged is no objection."""

        def opinion(history: History) -> Opinion:
            try:
                found = self.check(history, bare)
            except (NotApplicable, NotObservable):
                return Opinion(moments.NOTHING_SENT)
            label = moments.outcome(history, bare)
            if any(one.required == moments.NO_FILE for one in found):
                label = "ends, a file left"
            elif any(one.required == moments.SAME_TERMINAL for one in found):
                label = "ends, the terminal changed"
            elif found and label in (moments.UNDISTURBED, moments.REACHES):
                label = "lost" if self.stimuli and self.part == 1 else "not as without it"
            objections = tuple(f"required: {one.required}; actual: {one.actual}" for one in found)
            return Opinion(label, objections, tuple(n for one in found for n in one.events))

        return opinion


def _in_rounds(planned: list[Planned], rounds: int) -> list[Planned]:
    """Order the schedules so that a first round comes by each point with one of the signals, the next with another."""
    per_signal = -(-len(planned) // rounds)
    lines = [planned[n * per_signal : (n + 1) * per_signal] for n in range(rounds)]
    return [
        line[i] for r in range(rounds) for i in range(per_signal) for line in [lines[(i + r) % rounds]] if i < len(line)
    ]


class Plan(NamedTuple):
    """Schedules to play, a list where their number is known; and what was left out, with the reason."""

    planned: list[Planned] | Iterator[Planned]
    left_out: str

    @property
    def size(self) -> int | None:
        """How many there are; None where there is no end of them."""
        return len(self.planned) if isinstance(self.planned, list) else None


def campaign_named(name: str, numbers: tuple[int, ...] = SIGNALS) -> Campaign:
    """Return one campaign; raise WrongCall where there is none of this name."""
    known = {campaign.name: campaign for campaign in campaigns(numbers)}
    if name not in known:
        raise WrongCall(f"there is no campaign '{name}'{nearest(name, known)}; known are: {', '.join(known)}")
    return known[name]


def judge_campaign(
    campaign: Campaign, target: Target, play: Execute, bare: Bare, seconds: float, replays: int = REPLAYS
) -> Judgement:
    """Explore for so many seconds with the sweep, and make a verdict of it."""
    requirement = requirements()[campaign.requirement]
    if requirement.profile not in target.profiles:
        return Judgement("not applicable", reason=f"{target.name} does not claim the profile {requirement.profile}")

    def execute(scenario: Scenario, schedule: Schedule) -> History:
        history = play(target, scenario, schedule)
        needs_stage(history)
        needs_tracing(history)
        return history

    try:
        alone, _ = bare.of(target, campaign.scenario)
        alone = with_what_is_left(alone, execute, campaign.scenario)
        found = survey(execute, campaign.scenario)
        plan = campaign.plan(found, "sweep", exhaustive=False)
        if plan.size == 0:
            return Judgement("not applicable", reason=why_no_points(found))
        explorer = Explorer(execute, campaign.scenario, campaign.predicate(alone), replays)
        explored = explorer.explore(plan.planned, seconds)
        if all(one.opinion.label == moments.NOTHING_SENT for one in explored.played):
            raise NotObservable("none of the points was passed again: the launcher goes another way each time")
    except NotObservable as reason:
        return Judgement("not observable", reason=str(reason))
    except HarnessError as error:
        return Judgement("error", reason=str(error))
    executions = found.executions + explored.executions
    return _verdict(campaign, target, explored, executions, coverage(campaign, found, plan, explored))


def why_no_points(found: Survey) -> str:
    """Say why there is nothing to explore: the launcher has become its command. NotObservable where it has not."""
    if not launcher_is_command(found.alone):
        raise NotObservable("the launcher makes no visible call there, and it does not start its command (see EXIT-1)")
    return "the launcher makes no visible call there: it is the command"


def with_what_is_left(bare: History, play: Play, scenario: Scenario) -> History:
    """Return the measure for explored executions: the bare command, but with what the launcher leaves when nothing is
    done to it, files in TMPDIR and processes. Whether it may is for other requirements to judge (TREE-1). Of several
    executions that which leaves most counts: a watcher may by chance have looked in time."""
    undisturbed = max((play(scenario, Schedule()) for _ in range(UNDISTURBED)), key=_count_left)
    end = [event for event in undisturbed.events if isinstance(event.fact, Looked) and event.fact.when == "end"]
    kept = [event for event in bare.events if not (isinstance(event.fact, Looked) and event.fact.when == "end")]
    files = [event for event in undisturbed.events if isinstance(event.fact, Remained)]
    return msgspec.structs.replace(bare, events=(*kept, *end, *files))


def _count_left(history: History) -> int:
    left = sum(len(fact.paths) for fact in history.facts(Remained))
    return left + sum(len(look.processes) for look in history.facts(Looked) if look.when == "end")


def _verdict(campaign: Campaign, target: Target, explored: Exploration, executions: int, covered: str) -> Judgement:
    stable = [finding for finding in explored.findings if finding.is_stable]
    worst = (stable or explored.findings)[:1]
    if not worst:
        return Judgement("pass", executions, coverage=covered)
    violations = tuple(
        Violation(f"{campaign.requirement}, {'; '.join(map(str, f.schedule.directives)) or 'undisturbed'}", objection)
        for f in stable or explored.findings
        for objection in f.opinion.objections[:1]
    )
    schedule, history = worst[0].schedule, worst[0].history
    if campaign.requirement in target.deviations:
        reason = target.deviations[campaign.requirement]
        return Judgement("declared deviation", executions, reason, violations, coverage=covered)
    verdict: Verdict = "fail" if stable else "unstable"
    reason = "" if stable else f"came back in {worst[0].returned} of {worst[0].replays} replays"
    return Judgement(
        verdict, executions, reason, violations, worst[0].returned, timeline(history), covered, str(schedule)
    )


def coverage(campaign: Campaign, found: Survey, plan: Plan, explored: Exploration) -> str:
    """Say what was explored, and what was not."""
    what = ", ".join(str(stimulus).removesuffix(" to launcher") for stimulus in campaign.stimuli) or "orders"
    said = f"{campaign.name}: {len(explored.played)} of {plan.size or 'any number of'} schedules ({what}; "
    said += f"{sum(1 for _ in found.of_part(campaign.part))} points)"
    if explored.unreached:
        said += f"; {explored.unreached} points were not reached again"
    return said + (f"; left out: {plan.left_out}" if plan.left_out else "")


def campaigns(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return all that can be explored, with these signals."""
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
