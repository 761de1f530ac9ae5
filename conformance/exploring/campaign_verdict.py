"""Plays a campaign of the suite to its extent, and makes a verdict of its results."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from proctor.conformance.checks import moments
from proctor.conformance.checks.common import (
    NotObservable,
    launcher_is_command,
    needs_freedom,
    needs_tracing,
    needs_watched_command,
)
from proctor.conformance.exploring.campaign import Campaign, Plan
from proctor.conformance.exploring.extent import Extent
from proctor.conformance.exploring.point_map import stretches
from proctor.conformance.exploring.surveys import Surveys
from proctor.conformance.judging.deviations import declared, reasons, sort
from proctor.conformance.judging.instability import cause
from proctor.conformance.judging.judge import Bare, Judgement, how_often, needs_nothing_outside, needs_stage, timeline
from proctor.conformance.judging.result_rows import FULL
from proctor.harness.errors import HarnessError
from proctor.harness.explorer.explore import Evaluation, Exploration, Explorer, Finding, Memory, Predicate
from proctor.harness.explorer.survey import Survey
from proctor.harness.history import History
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target
from proctor.reports.coverage import Coverage
from proctor.reports.results import Verdict

Execute = Callable[[Target, Scenario, Schedule], History]
MemoryOf = Callable[[Campaign, Target, History], Memory | None]
NEVER_PASSED = "the launcher reached none of the points again: its system calls differ from run to run"


UNDISTURBED = "undisturbed"
"""How a violation names the schedule without directives."""


def judge_campaign(
    campaign: Campaign, target: Target, play: Execute, bare: Bare, extent: Extent, surveys: Surveys | None = None,
    memory_of: MemoryOf | None = None,
) -> Judgement:  # fmt: skip
    """Explore with the sweep to this extent, and return the verdict. surveys: those that were made before; memory_of:
    what is known of schedules that were played before."""
    if reason := campaign.why_not(target):
        return Judgement("not applicable", reason=reason)

    def execute(scenario: Scenario, schedule: Schedule) -> History:
        history = play(target, scenario, schedule)
        needs_stage(history)
        needs_watched_command(history)
        needs_tracing(history)
        if not schedule.disturbs:
            needs_nothing_outside(history)
            needs_freedom(history)
        return history

    try:
        alone, found, executions = (surveys or Surveys()).of(campaign, target, bare, execute)
        plan = campaign.plan(found, "sweep", exhaustive=False)
        if plan.size == 0:
            return Judgement("not applicable", reason=why_nothing_planned(campaign, found))
        memory = memory_of(campaign, target, alone) if memory_of else None
        replays = extent.replays_of(found, campaign.scenario)
        explorer = Explorer(execute, campaign.scenario, predicate_for(campaign, target, alone), replays, memory)
        most = extent.executions(found, campaign.scenario, len(plan.kinds))
        is_costly = extent.is_costly(found, campaign.scenario)
        explored = explorer.explore(plan.planned, extent.seconds, plan.among(most) if most else most, is_costly)
    except NotObservable as reason:
        return Judgement("not observable", reason=str(reason))
    except HarnessError as error:
        return Judgement("error", reason=str(error))
    executions += explored.executions
    judgement = verdict_of(campaign, target, explored, executions, covered(campaign, found, plan, explored), FULL)
    return with_bare(judgement, campaign, target, bare)


def with_bare(judgement: Judgement, campaign: Campaign, target: Target, bare: Bare) -> Judgement:
    """Return the judgement with the bare command's history, if the finding was compared with it."""
    if not judgement.history or campaign.compared_with != "bare":
        return judgement
    return msgspec.structs.replace(judgement, bare=bare.of(target, campaign.scenario)[0])


def why_nothing_planned(campaign: Campaign, found: Survey) -> str:
    """Return why a campaign has no schedule on a launcher. NotObservable if that is not the launcher's nature."""
    if campaign.failing == "interruptions":
        return "the launcher makes no call that a signal could interrupt, and writes no file before its command runs"
    return why_no_points(found)


def why_no_points(found: Survey) -> str:
    """Return why there is nothing to explore: the launcher replaced itself with the command. NotObservable if not."""
    if not launcher_is_command(found.alone):
        raise NotObservable("the launcher makes no visible system call, and does not start its command (see EXIT-1)")
    return "the launcher makes no visible system call: it has replaced itself with the command"


def verdict_of(
    campaign: Campaign, target: Target, explored: Exploration, executions: int, account: Coverage, rest: str = ""
) -> Judgement:
    """Return the verdict of an exploration, with the history and schedule of its worst finding. rest: what plays the
    schedules that were left out for their number."""
    by_finding = [(finding, declared_by(campaign, target, finding)) for finding in explored.findings]
    covered = [finding for finding, text in by_finding if text]
    declarations = tuple(dict.fromkeys(text for _, text in by_finding if text))
    undeclared = [finding for finding, text in by_finding if not text]
    stable = [finding for finding in undeclared if finding.is_stable]
    shown = stable or undeclared or [one for one in covered if one.is_stable] or covered
    worst = shown[:1]
    if not worst:
        if reason := _why_untold(explored):
            return Judgement("not observable", executions, reason)
        return _without_finding(explored, executions, account, rest)
    violations = tuple(
        msgspec.structs.replace(
            objection,
            schedule="; ".join(str(f.schedule).splitlines()) or UNDISTURBED,
            events=f.evaluation.events if f is worst[0] and f.returned else (),  # of its history
        )
        for f in shown
        for objection in f.evaluation.objections[:1]
    )
    schedule, _, history, returned, times, without = worst[0]
    verdict: Verdict = "fail" if stable else "unstable"
    why = None if stable else cause(history, [without] if without and returned else [])
    reason = how_often(returned, times, why) if why else ""
    if not undeclared:
        verdict, reason = "declared deviation", reasons(target, declarations)
    return Judgement(
        verdict, executions, reason, violations, returned, timeline(history), account, str(schedule), times, history,
        declarations=declarations, stage=campaign.scenario.stage.name,
        instability=None if verdict != "unstable" else why,
    )  # fmt: skip


def predicate_for(campaign: Campaign, target: Target, compared_with: History) -> Predicate:
    """Return the predicate of a campaign for a target. Of several violations those that the target does not declare
    come first; where it declares all, the label says so: only a few findings of one label are confirmed, and declared
    ones must not take the place of others."""
    predicate, stage = campaign.predicate(compared_with), campaign.scenario.stage.name

    def evaluation(history: History) -> Evaluation:
        found = predicate(history)
        if not found.objections or not target.deviations:
            return found
        sorted_ = sort(target, found.objections, campaign.requirement, stage)
        label = found.label if sorted_.open else f"{found.label} (declared)"
        objections = (*sorted_.open, *sorted_.covered)
        return msgspec.structs.replace(found, label=label, objections=objections, is_declared=not sorted_.open)

    return evaluation


def declared_by(campaign: Campaign, target: Target, finding: Finding) -> str:
    """Return the text of the declared deviation that covers a finding: that of its first violation, by which it is
    reported; "" if none does."""
    first = finding.evaluation.objections[:1]
    stage = campaign.scenario.stage.name
    return next((declared(target, one, campaign.requirement, stage) for one in first), "")


def _without_finding(explored: Exploration, executions: int, account: Coverage, rest: str) -> Judgement:
    """Return the verdict of an exploration that found nothing: a pass only if all of the plan was played, and enough of
    it was conclusive."""
    if account.is_whole:
        return Judgement("pass", executions, explored=account)
    if account.is_played:
        return Judgement("partial", executions, account.how_much, explored=account)
    if explored.out_of_time:
        reason = f"{account.how_much}, then the time limit was reached"
        return Judgement("partial", executions, reason, explored=account)
    return Judgement("partial", executions, account.how_much, explored=account, rest=rest)


def _why_untold(explored: Exploration) -> str:
    """Return why an exploration without findings is inconclusive; "" if it is not."""
    if not explored.played:
        return ""
    return NEVER_PASSED if _inconclusive(explored) == len(explored.played) else ""


def _inconclusive(explored: Exploration) -> int:
    """Return the number of executed schedules whose history decides nothing: the launcher did not reach the point, or
    the check could not tell, for example because one of Proctor's limits was reached."""
    return sum(one.evaluation.label in (moments.NOTHING_SENT, moments.UNTOLD) for one in explored.played)


def covered(campaign: Campaign, found: Survey, plan: Plan, explored: Exploration) -> Coverage:
    """Return which points and schedules were explored, and which were left out."""
    stimuli = tuple(str(stimulus).removesuffix(" to launcher") for stimulus in campaign.stimuli)
    if campaign.failing:
        stimuli = tuple(dict.fromkeys(one.planned.what for one in explored.played))
    sites = list(found.points_of_part(campaign.part))
    folded = tuple(stretches(explored.played, sites))
    points = [one.planned.site.point for one in explored.played if one.planned.site]
    kinds = tuple(dict.fromkeys(map(plan.kind_of, points))) if plan.kind_of else ()
    return Coverage(
        campaign.requirement, campaign.name, stimuli, len(sites), len(explored.played), plan.size, explored.unreached,
        plan.left_out, folded, _inconclusive(explored), kinds,
    )  # fmt: skip
