"""`proctor explore`: delivers signals at each system call of a launcher, and judges the executions."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from proctor.conformance.checks.common import NotObservable
from proctor.conformance.cli.common import (
    choose_containment,
    complete_requirements,
    complete_targets,
    containment_option,
    json_option,
    print_json,
    quiet_option,
    report_probe,
    requirement_id,
    run_reporting_errors,
    scheduler_option,
    sigint_ignored,
)
from proctor.conformance.cli.exits import FOUND, INCONCLUSIVE, INTERRUPTED
from proctor.conformance.cli.progress_console import ProgressConsole
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_result import CampaignResult, case_of, for_programs, result_of
from proctor.conformance.exploring.campaign_verdict import covered, declared_by, why_nothing_planned
from proctor.conformance.exploring.campaigns import (
    SIGNALS,
    SIGNALS_OF_COMPLETE,
    STRATEGIES,
    campaigns,
    reject_unexplored_signals,
)
from proctor.conformance.exploring.cluster import Cluster, ClusterCrew
from proctor.conformance.exploring.completing import NO_SIGNAL_POSSIBLE, coverage_of, explore_completely
from proctor.conformance.exploring.point_map import draw
from proctor.conformance.exploring.worker_pool import WorkerPool, survey_of
from proctor.conformance.judging import casefile
from proctor.conformance.judging.control_group import settle_containment
from proctor.conformance.judging.deviations import check_deviations
from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import check_path, document, keep
from proctor.conformance.spec import requirements
from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.explorer.explore import REPLAYS, Finding
from proctor.harness.explorer.survey import Survey
from proctor.harness.schedule import signal_number
from proctor.harness.target import Target
from proctor.harness.words import harmless as escape

_OUT_OF_TIME = "time limit reached"


@click.command()
@click.argument("target", shell_complete=complete_targets)
@click.option(
    "--signal",
    "signals",
    multiple=True,
    metavar="NAME",
    help="Deliver this signal (repeatable).  [default: HUP, INT, QUIT, TERM]",
)
@click.option(
    "--strategy", type=click.Choice(STRATEGIES), default="sweep", show_default=True,
    help="sweep: one signal at every point. pairs: two signals in one run. ends: no signal, only the order of launcher "
    "and child. random: random schedules. complete: every order of all steps, up to equivalence, with up to "
    "--signals-at-most signals.",
)  # fmt: skip
@click.option("--signals-at-most", type=click.IntRange(0, 3), default=1, show_default=True,
              help="With --strategy complete: the most signals in one execution.")  # fmt: skip
@click.option("--requirement", metavar="ID", shell_complete=complete_requirements,
              help="Explore only for this requirement.")  # fmt: skip
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of worker processes; each uses one core.",
)
@scheduler_option
@click.option("--exhaustive", is_flag=True, help="Also test points where a signal can have no effect.")
@click.option(
    "--budget",
    type=click.FloatRange(0.0),
    default=60.0,
    show_default=True,
    help="Time limit in seconds for each campaign.",
)
@click.option(
    "--replays", type=click.IntRange(1), default=REPLAYS, show_default=True, help="Number of replays of each finding."
)
@click.option("--cases", type=click.Path(file_okay=False, path_type=Path), default=Path("proctor-cases"),
              show_default=True, help="Directory for the case files of findings.")  # fmt: skip
@click.option("--results", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the results to FILE, for `proctor report`.")  # fmt: skip
@containment_option
@quiet_option
@json_option
def explore(
    target: str, signals: tuple[str, ...], strategy: str, signals_at_most: int, requirement: str | None, workers: int,
    scheduler: str,
    exhaustive: bool, budget: float, replays: int, cases: Path, results: Path | None, containment: str, quiet: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Stop TARGET at each of its system calls, deliver a signal there, and judge the execution.

    The explorer also tests the orders in which the launcher and its child can run. A requirement is explored
    in campaigns. Each campaign runs one scenario, stops at some of its points and applies one check.

    Exit status: 0 if there is no finding, 1 if there is one, 2 for a usage error or if the time limit ended a campaign
    before its first schedule, 3 if Proctor itself failed.

    \b
        proctor explore tini
        proctor explore 'uv run --no-project --' --signal TERM --workers 2
        proctor explore ./my-launcher --requirement SIG-6 --strategy pairs --budget 600
        proctor explore tini --strategy complete --signals-at-most 2 --budget 600
        proctor explore tini --results tini.json && proctor report tini.json --format html -o tini.html
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    parts: list[CampaignResult] = []
    start = time.monotonic()

    def run() -> int:
        if not budget >= 0:
            raise UsageError(f"--budget={budget}: not a number of seconds; give 0 or more")
        if results:
            check_path(results)
        casefile.check_directory(cases)
        launcher = check_deviations(load(target), target)
        choose_containment(containment)
        found = settle_containment(launcher)
        if found.trouble:
            raise UsageError(found.trouble.text)
        launcher = found.with_witness(launcher)
        report_probe(found)
        usual = SIGNALS_OF_COMPLETE if strategy == "complete" else SIGNALS
        chosen = _chosen(launcher, requirement, strategy, tuple(map(signal_number, signals)) or usual, signals_at_most)
        crew = WorkerPool(launcher, workers, replays, ClusterCrew(Cluster(scheduler), launcher) if scheduler else None)
        try:
            for campaign in chosen:
                if strategy == "complete":
                    part = _complete_one(launcher, campaign, signals_at_most, budget, replays, cases)
                else:
                    part = _explore_one(crew, launcher, campaign, strategy, exhaustive, budget, cases)
                parts.append(part)
                if not as_json:
                    _print(part, launcher, quiet)
                if part.is_interrupted:
                    break
        except BaseException:  # Ctrl-C too: close() would wait for the workers
            crew.end_at_once()
            raise
        finally:
            crew.close()
            if results and parts:  # keep the results so far, after any error, also when the reader of stdout has ended
                with sigint_ignored():
                    told = [result_of(part, launcher, target) for part in parts]
                    seconds = time.monotonic() - start
                    contained = found.containment, found.compared, found.witness
                    keep(results, [document(launcher, found.version, told, seconds, *contained)])
        if as_json:
            print_json({"target": launcher.name, "parts": [for_programs(part, launcher) for part in parts]})
        if any(part.is_interrupted for part in parts):
            return INTERRUPTED
        if any(part.breaks(launcher) for part in parts):
            return FOUND
        return INCONCLUSIVE if any(part.is_untested for part in parts) else 0

    run_reporting_errors(
        run, lambda: f"{len(parts)} {'campaign was' if len(parts) == 1 else 'campaigns were'} complete"
    )


def _chosen(
    target: Target, requirement: str | None, strategy: str, numbers: tuple[int, ...], most: int
) -> list[Campaign]:
    """Return the campaigns to explore on a target; UsageError if there are none. most: signals at most, of the
    strategy complete."""
    wanted = requirement_id(requirement, "--requirement") if requirement else None
    reject_unexplored_signals(numbers)
    chosen = [
        one for one in campaigns(numbers)
        if _explores(strategy, one, most) and wanted in (None, one.requirement) and not one.why_not(target)
    ]  # fmt: skip
    if not chosen:
        if strategy == "ends" and wanted:
            raise UsageError(
                f"--strategy=ends sends no signal, and {wanted} is about signals; leave out --requirement, or choose "
                "another strategy"
            )
        raise UsageError(_why_none(target, wanted, campaigns(numbers)))
    return chosen


def _explores(strategy: str, campaign: Campaign, most: int) -> bool:
    """Whether a strategy has anything to play for a campaign. Failing calls are swept and nothing else; those about
    files take too long for `complete`."""
    if campaign.failing:
        return strategy == "sweep"
    if strategy == "complete":
        return not campaign.is_about_files and (most > 0 or not campaign.stimuli)
    return strategy != "ends" or not campaign.stimuli


def _why_none(target: Target, wanted: str | None, known: tuple[Campaign, ...]) -> str:
    """Return why no campaign can be explored on a target. wanted: the requirement that the user named, if any."""
    possible = ", ".join(dict.fromkeys(one.requirement for one in known if not one.why_not(target)))
    instead = f"{target.name} can be explored for: {possible or 'nothing'}"
    if not wanted:
        return f"{target.name} claims no profile that is explored"
    if all(one.requirement != wanted for one in known):
        return f"{wanted} is not explored; use `proctor check TARGET -k {wanted}`"
    requirement = requirements()[wanted]
    if not requirement.applies_to(target.profiles):
        return f"{wanted} needs the profile {requirement.profile}, which {target.name} does not claim; {instead}"
    reason = next(one.why_not(target) for one in known if one.requirement == wanted)
    return f"{wanted} is not explored on {target.name}: {reason}; {instead}"


def _explore_one(
    crew: WorkerPool, target: Target, campaign: Campaign, strategy: str, exhaustive: bool, budget: float, cases: Path
) -> CampaignResult:
    """Explore one campaign and save its findings."""
    survey = survey_of(target, campaign)
    plan = campaign.plan(survey, strategy, exhaustive)
    if plan.size == 0:
        return CampaignResult(campaign, _why_nothing_planned(campaign, survey))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ProgressConsole(), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(f"{campaign.requirement}, {campaign.name}", total=plan.size)
        exploration, interrupted = crew.explore(
            campaign, iter(plan.planned), budget, lambda count: progress.update(bar, completed=count)
        )
    files = tuple(_save(target, campaign, finding, cases) for finding in exploration.findings)
    return CampaignResult(campaign, None, covered(campaign, survey, plan, exploration), exploration, interrupted, files)


def _complete_one(
    target: Target, campaign: Campaign, most: int, budget: float, replays: int, cases: Path
) -> CampaignResult:
    """Explore one campaign by the strategy complete, and save its findings."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed} classes"), TimeElapsedColumn())
    with Progress(*columns, console=ProgressConsole(), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(f"{campaign.requirement}, {campaign.name}", total=None)
        completed = explore_completely(
            target, campaign, most, budget, replays, lambda count: progress.update(bar, completed=count)
        )
    exploration = completed.exploration
    if completed.account.is_complete and not exploration.played:
        return CampaignResult(campaign, Judgement("not applicable", reason=NO_SIGNAL_POSSIBLE))
    files = tuple(_save(target, campaign, finding, cases) for finding in exploration.findings)
    told = coverage_of(campaign, completed)
    return CampaignResult(campaign, None, told, exploration, completed.is_interrupted, files)


def _print(part: CampaignResult, target: Target, quiet: bool) -> None:
    """Print the result of one campaign; quiet: only if there is a finding."""
    campaign, exploration = part.campaign, part.exploration
    if quiet and not exploration.findings:
        if part.is_untested:
            click.echo(f"{campaign.requirement}, {campaign.name}: {_OUT_OF_TIME}; nothing was tested")
        elif part.told and part.is_cut_short:
            click.echo(f"{campaign.requirement}, {escape(part.told.how_much)}: partial: {_OUT_OF_TIME}")
        elif part.told and part.is_inconclusive:
            click.echo(f"{campaign.requirement}, {escape(part.told.how_much)}: partial")
        return
    if part.empty:
        told = "" if part.empty.verdict == "not applicable" else f"{part.empty.verdict}: "
        click.echo(f"{campaign.requirement}, {campaign.name}: {told}{part.empty.reason}")
        return
    click.echo(f"{campaign.requirement}, {escape(str(part.told))}", nl=False)
    click.echo(f"; {exploration.seconds:.1f} s" + (", interrupted" if part.is_interrupted else ""))
    if part.told and part.is_cut_short:
        played = part.told.how_much.removeprefix(f"{campaign.name}: ")
        click.echo(f"  partial: {_OUT_OF_TIME}: {played}; the rest was not tested")
    elif part.told and part.is_inconclusive:
        click.echo(f"  partial: {escape(part.told.how_much)}")
    for line in draw(part.told.stretches) if part.told and not quiet else ():
        click.echo(f"  {line}")
    for finding, path in zip(exploration.findings, part.files, strict=True):
        _print_finding(target, campaign, finding, path)
    if part.is_interrupted and part.objected and not exploration.findings:
        click.echo(f"  {part.unconfirmed}")


def _why_nothing_planned(campaign: Campaign, survey: Survey) -> Judgement:
    try:
        return Judgement("not applicable", reason=why_nothing_planned(campaign, survey))
    except NotObservable as reason:
        return Judgement("not observable", reason=str(reason))


def _save(target: Target, campaign: Campaign, finding: Finding, cases: Path) -> Path:
    """Write the case file of a finding; return its path."""
    try:
        return casefile.write(case_of(finding, campaign, target), cases)
    except OSError as error:
        raise UsageError(f"--cases={cases}: cannot be written: {error.strerror}; name another directory") from error


def _print_finding(target: Target, campaign: Campaign, finding: Finding, path: Path) -> None:
    declared = target.deviations.get(declared_by(campaign, target, finding))
    kind = f"declared deviation ({escape(declared)})" if declared else "finding"
    kind = kind if finding.is_stable else "UNSTABLE, not a finding"
    click.echo(f"  {kind}: {finding.evaluation.label}; came back in {finding.returned} of {finding.replays} replays")
    for line in str(finding.schedule).splitlines() or ["undisturbed"]:
        click.echo(f"    {line}")
    for objection in finding.evaluation.objections:
        click.echo(f"    {escape(str(objection))}")
    click.echo(f"    replay: {shlex.join(['proctor', 'replay', str(path), '-n', '50'])}")
