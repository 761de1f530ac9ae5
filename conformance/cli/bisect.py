"""`proctor bisect`: finds the version of a launcher in which the fault of a case appeared or disappeared."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from proctor.conformance.cli.common import json_option, print_json, quiet_option, run_reporting_errors
from proctor.conformance.cli.consent import needs_consent, trust_option
from proctor.conformance.cli.exits import INTERRUPTED
from proctor.conformance.cli.progress_console import ProgressConsole
from proctor.conformance.exploring.replay import reject_unknown_case
from proctor.conformance.judging import casefile
from proctor.conformance.versions.bisect_report import BisectOutcome, for_programs, line_of, report_of
from proctor.conformance.versions.bisection import Kind, search
from proctor.conformance.versions.managers import MANAGERS, Source
from proctor.conformance.versions.origin import listed, source_of
from proctor.conformance.versions.packages import cache_directory
from proctor.conformance.versions.played_version import VersionPlayer
from proctor.conformance.versions.ranges import versions_in_range
from proctor.harness.errors import ProctorError, UsageError

BOUNDARY, NO_BOUNDARY = 0, 1


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--launcher", "name", required=True, metavar="NAME", help="Name of the package in pip or npm.")
@click.option("--versions", "asked", default="..", metavar="FIRST..LAST",
              help="Range, both ends included. Either end can be left out.  [default: all versions]")  # fmt: skip
@click.option("--from", "source", type=click.Choice(list(MANAGERS)),
              help="Package manager.  [default: as in `proctor targets`, else whichever has the package]")  # fmt: skip
@click.option("--program", metavar="NAME", help="The package's program, if its name differs from that in the case.")
@click.option(
    "-n", "times", type=click.IntRange(1), default=5, show_default=True, help="How often to play CASE on each version."
)
@click.option("--all", "every", is_flag=True, help="Play every version, not a selection.")
@click.option(
    "--step", type=click.IntRange(1), metavar="K", help="Play every K-th version, then those between two that differ."
)
@click.option("--pre", is_flag=True, help="Include pre-releases and withdrawn versions.")
@click.option("--same-objection/--any-objection", "same", default=True,
              help="Count only the violation recorded in CASE (default), or any violation of the same "
              "requirement.")  # fmt: skip
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), metavar="DIRECTORY",
              help="Where to install versions.  [default: ~/.cache/proctor/packages]")  # fmt: skip
@trust_option
@quiet_option
@json_option
def bisect(
    case: Path, name: str, asked: str, source: Source | None, program: str | None, times: int, every: bool,
    step: int | None, pre: bool, same: bool, cache: Path | None, trust: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find the version of a launcher in which the fault of CASE appeared or disappeared.

    CASE names commands. They are shown, and run after you have agreed, or with --trust.

    Exit status: 0 if it found such a version, 1 if there is none, 2 for a usage error, 3 if Proctor itself failed.

    \b
        proctor bisect proctor-cases/uv-run-sig-1-f0669734.json --launcher uv --versions 0.5.0..0.13.8
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        saved = casefile.read(case)
        reject_unknown_case(saved, case)
        if not saved.target.command:
            raise UsageError(
                f"{case}: this case has no launcher ('target.command' is empty), so it has no versions; name the case "
                "of a launcher"
            )
        needs_consent(saved, case, saved.target, trust)
        origin = source or source_of(name, saved.target.install)
        versions = versions_in_range(asked, origin, name, partial(listed, origin, name), pre)
        directory = (cache or cache_directory()).absolute()
        player = VersionPlayer(saved, origin, name, directory, program or "", times, not same)
        if not quiet:
            whole = f"{len(versions)} versions from {versions[0]} to {versions[-1]}"
            click.echo(f"{name} ({origin}): {whole}, {times} plays each", err=True)
        outcome = BisectOutcome(name, versions, step or (1 if every else 0))
        ended = _search(player, outcome, quiet)
        if as_json:
            print_json(for_programs(outcome))
        elif lines := report_of(outcome, quiet):
            click.echo("\n".join(lines))
        if isinstance(ended, ProctorError):
            raise ended
        return INTERRUPTED if ended else BOUNDARY if outcome.boundaries else NO_BOUNDARY

    run_reporting_errors(run)


def _search(player: VersionPlayer, outcome: BisectOutcome, quiet: bool) -> BaseException | None:
    """Search, and store the results in `outcome`; return the interruption or error that ended the search, or None."""
    results = outcome.results
    with _progress(outcome.name) as (show, print_line):

        def verdict(version: str) -> Kind:
            results[version] = player.play(version, partial(show, version, len(results)))
            if not quiet:
                print_line(line_of(results[version]))
            return results[version].kind

        try:
            search(outcome.versions, verdict, {}, outcome.step)
        except (KeyboardInterrupt, ProctorError) as reason:
            outcome.is_finished = False
            return reason
    return None


@contextlib.contextmanager
def _progress(name: str) -> Iterator[tuple[Callable[[str, int, str], None], Callable[[str], None]]]:
    """Give two functions: one shows the progress (on a terminal only), the other prints a line; both use stderr."""
    console = ProgressConsole()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(name, total=None)

        def show(version: str, count: int, what: str) -> None:
            progress.update(task, description=f"{name} {version}: {what} ({count} versions played)")

        def print_line(line: str) -> None:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield show, print_line
