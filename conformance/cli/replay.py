"""`proctor replay`: a case once more, or as often as it takes to say how often it comes back."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from proctor.conformance.cli.common import (
    as_json,
    complete_requirements,
    complete_targets,
    known_requirement,
    print_json,
    quiet,
    run_reporting_errors,
)
from proctor.conformance.cli.exits import COULD_NOT_TELL, FOUND, INTERRUPTED
from proctor.conformance.exploring.campaigns import campaigns
from proctor.conformance.exploring.replay import (
    Count,
    Replayer,
    ReplayResult,
    count,
    launcher_here,
    needing_ptrace,
    needs_known,
)
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.probe import check_deviations
from proctor.harness.errors import UsageError
from proctor.harness.schedule import PressKey, parse
from proctor.harness.target import Target, load
from proctor.harness.words import harmless as escape
from proctor.reports.timeline import text as text_timeline
from proctor.reports.timeline.layout import layout


@click.command()
@click.argument("case", required=False, type=click.Path(path_type=Path))
@click.option("--target", metavar="TARGET", shell_complete=complete_targets,
              help="Play it on this launcher, not on that of the case.")  # fmt: skip
@click.option("--requirement", metavar="ID", shell_complete=complete_requirements,
              help="Without a CASE: judge by this requirement.")  # fmt: skip
@click.option("--check", metavar="NAME", help="Without a CASE: by this part of what is explored for it.")
@click.option("--schedule", metavar="TEXT", help="Without a CASE: directives, one a line.")
@click.option("-n", "times", type=click.IntRange(1), default=20, show_default=True, help="How often.")
@click.option("--show", is_flag=True, help="Draw what happened the last time it came back, event by event.")
@quiet
@as_json
def replay(
    case: Path | None, target: str | None, requirement: str | None, check: str | None, schedule: str | None, times: int,
    show: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Play CASE again and say how often its fault came back.

    Exits 1 when the fault is there, 0 when it is not, 2 when it could not be told, 3 when the harness failed.

    \b
        proctor replay proctor-cases/timeout-sig-6-start-launcher-clone-1-exit.json -n 50
        proctor replay proctor-cases/tini-tty-3.json --target=./my-launcher --show
        proctor replay --target=timeout --requirement=SIG-6 \\
            --schedule='at launcher clone#1 exit: deliver TERM to launcher'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    played: list[ReplayResult] = []

    def run() -> int:
        saved, launcher = _what_to_replay(case, target, requirement, check, schedule)
        status = 0
        try:
            with needing_ptrace(saved):
                replayer = Replayer(saved, launcher)
                _play(replayer, times, played)
        except KeyboardInterrupt:
            status = INTERRUPTED
        if status and not played:
            raise KeyboardInterrupt
        counted = count(played)
        if as_json:
            print_json({"target": launcher.name, "requirement": saved.requirement, "asked": times, **counted._asdict()})
        elif counted.back or not quiet:
            _print_count(f"{launcher.name}: {saved.requirement}", counted, status != 0)
        if show and not status:
            last = next((told for told in reversed(played) if told.objections), played[-1])
            text_timeline.print_timeline(layout(last.history, last.events), Console(stderr=as_json))
        if status or counted.back:
            return status or FOUND
        return COULD_NOT_TELL if counted.unsure == times else 0

    run_reporting_errors(run, lambda: "it had not been played once")


def _play(replayer: Replayer, times: int, played: list[ReplayResult]) -> None:
    """Play a case so many times, and fill what is told of it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("replays", total=times)
        for _ in range(times):
            played.append(replayer.once())
            progress.update(bar, completed=len(played))


def _print_count(what: str, counted: Count, is_interrupted: bool) -> None:
    runs = f"{counted.times} runs" + (", interrupted" if is_interrupted else "")
    click.echo(escape(f"{what} was violated in {counted.back} of {runs}"))
    if counted.unsure:
        click.echo(f"in {counted.unsure} runs it could not be told: {escape('; '.join(counted.reasons))}")
    for objection in counted.objections:
        click.echo(f"  {escape(str(objection))}")


def _what_to_replay(
    case: Path | None, target: str | None, requirement: str | None, check: str | None, schedule: str | None
) -> tuple[CaseFile, Target]:
    if case and (requirement or check or schedule is not None):
        raise UsageError(f"{case}: a case has its requirement, check and schedule; name only a --target beside it")
    if case:
        saved = casefile.read(case)
        needs_known(saved, case)
        if target:
            return saved, check_deviations(load(target), target)
        return saved, launcher_here(saved, case, "name another one by --target")
    if not (target and requirement and schedule is not None):
        raise UsageError("name a case file, or give --target, --requirement and --schedule")
    requirement = known_requirement(requirement, "--requirement")
    matching = [c for c in campaigns() if c.requirement == requirement and check in (None, c.name)]
    if not matching:
        raise UsageError(f"nothing is explored for {requirement}{f' under the name {check}' if check else ''}")
    directives = parse(schedule)
    keys = any(isinstance(directive.action, PressKey) for directive in directives.directives)
    campaign = next((c for c in matching if c.scenario.stage.terminal == keys), matching[0])
    launcher = load(target)
    pasted = CaseFile(
        schema=1, requirement=requirement, check=campaign.name, target=launcher, scenario=campaign.scenario,
        schedule=directives, objections=(), versions={},
    )  # fmt: skip
    return pasted, launcher
