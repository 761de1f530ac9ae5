"""`proctor replay`: plays a case again, and counts how often its fault comes back."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from proctor.conformance.cli.common import (
    choose_containment,
    complete_requirements,
    complete_targets,
    containment_option,
    json_option,
    number_of,
    print_json,
    quiet_option,
    requirement_id,
    run_reporting_errors,
)
from proctor.conformance.cli.consent import needs_consent, trust_option
from proctor.conformance.cli.exits import FOUND, INCONCLUSIVE, INTERRUPTED
from proctor.conformance.cli.progress_console import ProgressConsole
from proctor.conformance.exploring.campaigns import campaigns
from proctor.conformance.exploring.replay import (
    Count,
    Replayer,
    ReplayResult,
    count,
    launcher_on_this_system,
    ptrace_refusal_explained,
    reject_unknown_case,
)
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.deviations import check_deviations
from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.schedule import PressKey, parse
from proctor.harness.target import Target
from proctor.harness.words import harmless as escape
from proctor.reports.timeline import text as text_timeline
from proctor.reports.timeline.layout import layout


@click.command()
@click.argument("case", required=False, type=click.Path(path_type=Path))
@click.option("--target", metavar="TARGET", shell_complete=complete_targets,
              help="Play CASE on this launcher, not on its own.")  # fmt: skip
@click.option("--requirement", metavar="ID", shell_complete=complete_requirements,
              help="Without CASE: the requirement to judge by.")  # fmt: skip
@click.option("--check", metavar="NAME", help="Without CASE: the campaign to judge by.")
@click.option("--schedule", metavar="TEXT", help="Without CASE: the schedule, one directive per line.")
@click.option("-n", "times", type=click.IntRange(1), default=20, show_default=True, help="Number of replays.")
@trust_option
@click.option("--show", is_flag=True, help="Draw the last replay in which the fault came back.")
@containment_option
@quiet_option
@json_option
def replay(
    case: Path | None, target: str | None, requirement: str | None, check: str | None, schedule: str | None, times: int,
    trust: bool, show: bool, containment: str, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Play CASE again and print how often its fault came back.

    A case file names commands. They are shown, and run after you have agreed, or with --trust.

    Exit status: 1 if the fault came back, 0 if it did not, 2 if it did not but a replay was inconclusive, or for a
    usage error, 3 if Proctor itself failed.

    \b
        proctor replay proctor-cases/timeout-sig-6-start-launcher-clone-1-exit.json -n 50
        proctor replay proctor-cases/tini-tty-3.json --target=./my-launcher --show --trust
        proctor replay --target=timeout --requirement=SIG-6 \\
            --schedule='at launcher clone#1 exit: deliver TERM to launcher'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    played: list[ReplayResult] = []

    def run() -> int:
        choose_containment(containment)
        saved, launcher = _what_to_replay(case, target, requirement, check, schedule)
        if case:
            needs_consent(saved, case, launcher, trust)
        status = 0
        try:
            with ptrace_refusal_explained(saved):
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
            last = next((result for result in reversed(played) if result.objections), played[-1])
            text_timeline.print_timeline(layout(last.history, last.events), Console(stderr=as_json))
        return status or exit_status(counted)

    run_reporting_errors(run, lambda: "no replay was complete")


def exit_status(counted: Count) -> int:
    """Return the exit status. A launcher that was not tested in each replay is not acquitted."""
    if counted.back:
        return FOUND
    return INCONCLUSIVE if counted.unsure else 0


def _play(replayer: Replayer, times: int, played: list[ReplayResult]) -> None:
    """Play a case `times` times, and append the results to `played`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ProgressConsole(), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("replays", total=times)
        for _ in range(times):
            played.append(replayer.once())
            progress.update(bar, completed=len(played))


def _print_count(what: str, counted: Count, is_interrupted: bool) -> None:
    runs = number_of(counted.times, "run") + (", interrupted" if is_interrupted else "")
    click.echo(escape(f"{what} was violated in {counted.back} of {runs}"))
    if counted.unsure:
        click.echo(f"inconclusive in {number_of(counted.unsure, 'run')}: {escape('; '.join(counted.reasons))}")
    for objection in counted.objections:
        click.echo(f"  {escape(str(objection))}")


def _what_to_replay(
    case: Path | None, target: str | None, requirement: str | None, check: str | None, schedule: str | None
) -> tuple[CaseFile, Target]:
    if case and (requirement or check or schedule is not None):
        raise UsageError(
            f"{case}: the case file gives the requirement, check and schedule; leave out --requirement, --check and "
            "--schedule"
        )
    if case:
        saved = casefile.read(case)
        reject_unknown_case(saved, case)
        if target:
            return saved, check_deviations(load(target), target)
        return saved, launcher_on_this_system(saved, case, "name another one with --target")
    if not (target and requirement and schedule is not None):
        raise UsageError("nothing to replay: name a case file, or give --target, --requirement and --schedule")
    requirement = requirement_id(requirement, "--requirement")
    matching = [c for c in campaigns() if c.requirement == requirement and check in (None, c.name)]
    if not matching:
        named = f" of the name '{check}'" if check else ""
        known = "; ".join(c.name for c in campaigns() if c.requirement == requirement)
        raise UsageError(f"{requirement} has no campaign{named}; {f'it has: {known}' if known else 'name a case file'}")
    directives = parse(schedule)
    choices = directives.order.choices if directives.order else ()
    actions = [*(directive.action for directive in directives.directives), *choices]
    keys = any(isinstance(action, PressKey) for action in actions)
    campaign = next((c for c in matching if c.scenario.stage.terminal == keys), matching[0])
    launcher = load(target)
    pasted = CaseFile(
        schema=casefile.SCHEMA, requirement=requirement, campaign=campaign.name, target=launcher,
        scenario=campaign.scenario,
        schedule=directives, objections=(), versions={},
    )  # fmt: skip
    return pasted, launcher
