"""`proctor explore` and `proctor replay`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from conformance import casefile
from conformance.campaigning import Crew, survey_of
from conformance.campaigns import SIGNALS, STRATEGIES, Campaign, campaigns
from conformance.casefile import CaseFile
from conformance.checks.common import NotObservable
from conformance.explored import coverage, why_no_points
from conformance.judge import timeline
from conformance.map import draw
from conformance.probe import check_deviations, probe
from conformance.replaying import Replayer, launcher_here, needing_ptrace, needs_known
from conformance.report import escape
from conformance.spec import requirements
from harness import execute as door
from harness.errors import HarnessError, WrongCall
from harness.explorer.explore import REPLAYS, Finding
from harness.explorer.survey import Survey
from harness.schedule import parse, signal_number
from harness.target import Target, load

FOUND, WRONG_CALL, HARNESS_FAILED, INTERRUPTED = 1, 2, 3, 130
COULD_NOT_TELL = 2


def speak_of_errors(command: Callable[[], int]) -> None:
    """Run a command and exit as it says; errors are said on stderr with the status of their kind."""
    try:
        status = command()
    except WrongCall as error:
        click.echo(f"proctor: {escape(str(error))}", err=True)
        status = WRONG_CALL
    except HarnessError as error:
        click.echo(f"proctor: {escape(str(error))}", err=True)
        status = HARNESS_FAILED
    except KeyboardInterrupt:
        status = INTERRUPTED
    finally:
        door.stop()
    sys.exit(status)


@click.command()
@click.argument("target")
@click.option(
    "--signal", "signals", multiple=True, metavar="NAME", help="Deliver this one (repeatable; HUP INT QUIT TERM)."
)
@click.option(
    "--strategy", type=click.Choice(STRATEGIES), default="sweep", show_default=True,
    help="One signal at every point; two in one run; no signal, only who runs first; or drawn at random.",
)  # fmt: skip
@click.option("--requirement", metavar="ID", help="Only what is explored for this requirement.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes, a core for each.")
@click.option("--exhaustive", is_flag=True, help="Points at which nothing can come of a signal as well.")
@click.option("--budget", type=click.FloatRange(0.0), default=60.0, show_default=True, help="Seconds for each part.")
@click.option("--replays", type=click.IntRange(1), default=REPLAYS, show_default=True, help="Replays of a finding.")
@click.option("--cases", type=click.Path(file_okay=False, path_type=Path), default=Path("proctor-cases"),
              show_default=True, help="Where findings are saved.")  # fmt: skip
def explore(
    target: str, signals: tuple[str, ...], strategy: str, requirement: str | None, workers: int, exhaustive: bool,
    budget: float, replays: int, cases: Path,
) -> None:  # fmt: skip
    """Stop TARGET at each of its system calls, deliver a signal there, and see what comes of it.

    The orders in which launcher and child can run are explored as well. Exits 0 when nothing was found, 1 when
    something was, 2 for a wrong call, 3 when the harness itself failed.

    \b
        proctor explore tini
        proctor explore 'uv run --no-project --' --signal TERM --workers 2
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        launcher = check_deviations(load(target), target)
        trouble = probe(launcher).trouble
        if trouble:
            raise WrongCall(trouble)
        numbers = tuple(map(signal_number, signals)) or SIGNALS
        chosen = [
            one for one in campaigns(numbers)
            if (strategy != "ends" or not one.stimuli) and requirement in (None, one.requirement)
            and not one.why_not(launcher)
        ]  # fmt: skip
        if not chosen:
            known = ", ".join(dict.fromkeys(one.requirement for one in campaigns(numbers)))
            raise WrongCall(
                f"nothing is explored for {requirement or 'its profiles'} on {launcher.name}; there are campaigns for "
                f"{known}, for who claims their profiles"
            )
        status = 0
        crew = Crew(launcher, workers, replays)
        try:
            for campaign in chosen:
                found, interrupted = _explore_one(crew, launcher, campaign, strategy, exhaustive, budget, cases)
                status = max(status, FOUND if found else 0)
                if interrupted:
                    return INTERRUPTED
        finally:
            crew.close()
        return status

    speak_of_errors(run)


def _explore_one(
    crew: Crew, target: Target, campaign: Campaign, strategy: str, exhaustive: bool, budget: float, cases: Path
) -> tuple[bool, bool]:
    """Explore one campaign and print what came of it; return whether anything was found, and whether to stop."""
    survey = survey_of(target, campaign)
    plan = campaign.plan(survey, strategy, exhaustive)
    if plan.size == 0:
        click.echo(f"{campaign.requirement}, {campaign.name}: {_why_no_points(survey)}")
        return False, False
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(f"{campaign.requirement}, {campaign.name}", total=plan.size)
        exploration, interrupted = crew.explore(
            campaign, iter(plan.planned), budget, lambda count: progress.update(bar, completed=count)
        )
    click.echo(f"{campaign.requirement}, {escape(coverage(campaign, survey, plan, exploration))}", nl=False)
    click.echo(f"; {exploration.seconds:.1f} s" + (", interrupted" if interrupted else ""))
    for line in draw(exploration.played):
        click.echo(f"  {line}")
    for finding in exploration.findings:
        _print_finding(target, campaign, finding, cases)
    found = any(finding.is_stable for finding in exploration.findings)
    return found and campaign.requirement not in target.deviations, interrupted


def _why_no_points(survey: Survey) -> str:
    try:
        return why_no_points(survey)
    except NotObservable as reason:
        return f"not observable: {reason}"


def _print_finding(target: Target, campaign: Campaign, finding: Finding, cases: Path) -> None:
    case = CaseFile(
        schema=1, requirement=campaign.requirement, check=campaign.name, target=target, scenario=campaign.scenario,
        schedule=finding.schedule, objections=finding.opinion.objections,
        versions=casefile.versions(probe(target).version),
    )  # fmt: skip
    declared = target.deviations.get(campaign.requirement)
    kind = f"declared deviation ({escape(declared)})" if declared else "finding"
    kind = kind if finding.is_stable else "UNSTABLE, so no finding"
    click.echo(f"  {kind}: {finding.opinion.label}; came back in {finding.returned} of {finding.replays} replays")
    for line in str(finding.schedule).splitlines() or ["undisturbed"]:
        click.echo(f"    {line}")
    for objection in finding.opinion.objections:
        click.echo(f"    {escape(objection)}")
    try:
        path = casefile.write(case, cases)
    except OSError as error:
        raise WrongCall(f"--cases={cases}: cannot be written: {error.strerror}; name another directory") from error
    click.echo(f"    replay: {shlex.join(['proctor', 'replay', str(path), '-n', '50'])}")


@click.command()
@click.argument("case", required=False, type=click.Path(path_type=Path))
@click.option("--target", metavar="TARGET", help="Play it on this launcher, not on that of the case.")
@click.option("--requirement", metavar="ID", help="Without a CASE: judge by this requirement.")
@click.option("--check", metavar="NAME", help="Without a CASE: by this part of what is explored for it.")
@click.option("--schedule", metavar="TEXT", help="Without a CASE: directives, one a line.")
@click.option("-n", "times", type=click.IntRange(1), default=20, show_default=True, help="How often.")
@click.option("--show", is_flag=True, help="Print what happened the last time it came back, event by event.")
def replay(
    case: Path | None, target: str | None, requirement: str | None, check: str | None, schedule: str | None, times: int,
    show: bool,
) -> None:  # fmt: skip
    """Play CASE again and say how often its fault came back.

    Exits 1 when the fault is there, 0 when it is not, 2 when it could not be told, 3 when the harness failed.

    \b
        proctor replay proctor-cases/timeout-sig-6-start-launcher-clone-1-exit.json -n 50
        proctor replay --target=timeout --requirement=SIG-6 \\
            --schedule='at launcher clone#1 exit: deliver TERM to launcher'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        saved, launcher = _what_to_replay(case, target, requirement, check, schedule)
        with needing_ptrace(saved):
            replayer = Replayer(saved, launcher)
            count = replayer.times(times)
        click.echo(f"{launcher.name}: {saved.requirement} was violated in {count.back} of {times} runs")
        if count.unsure:
            click.echo(f"in {count.unsure} runs it could not be told: {escape('; '.join(count.reasons))}")
        for objection in count.objections:
            click.echo(f"  {escape(objection)}")
        if show:
            click.echo("\n".join(map(escape, timeline(replayer.once().history))))
        if count.back:
            return FOUND
        return COULD_NOT_TELL if count.unsure == times else 0

    speak_of_errors(run)


def _what_to_replay(
    case: Path | None, target: str | None, requirement: str | None, check: str | None, schedule: str | None
) -> tuple[CaseFile, Target]:
    if case:
        saved = casefile.read(case)
        needs_known(saved, case)
        if target:
            return saved, check_deviations(load(target), target)
        return saved, launcher_here(saved, case, "name another one by --target")
    if not (target and requirement and schedule is not None):
        raise WrongCall("name a case file, or give --target, --requirement and --schedule")
    if requirement not in requirements():
        raise WrongCall(f"--requirement={requirement}: there is no such requirement; `proctor spec` lists them")
    matching = [c for c in campaigns() if c.requirement == requirement and check in (None, c.name)]
    if not matching:
        raise WrongCall(f"nothing is explored for {requirement}{f' under the name {check}' if check else ''}")
    directives = parse(schedule)
    keys = any("press" in str(directive.action) for directive in directives.directives)
    campaign = next((c for c in matching if c.scenario.stage.terminal == keys), matching[0])
    launcher = load(target)
    pasted = CaseFile(
        schema=1, requirement=requirement, check=campaign.name, target=launcher, scenario=campaign.scenario,
        schedule=directives, objections=(), versions={},
    )  # fmt: skip
    return pasted, launcher
