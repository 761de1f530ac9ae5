"""`proctor bisect`: in which version of a launcher the fault of a case came or went."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from proctor.conformance.cli.common import as_json, print_json, quiet, run_reporting_errors
from proctor.conformance.cli.exits import INTERRUPTED
from proctor.conformance.exploring.replay import needs_known
from proctor.conformance.judging import casefile
from proctor.conformance.versions.bisect_report import BisectOutcome, account_of, for_programs, line_of
from proctor.conformance.versions.bisection import Kind, search
from proctor.conformance.versions.managers import MANAGERS, Source
from proctor.conformance.versions.origin import listed, source_of
from proctor.conformance.versions.packages import cache_directory
from proctor.conformance.versions.played_version import Versions
from proctor.conformance.versions.ranges import chosen
from proctor.harness.errors import ProctorError, UsageError

BOUNDARY, NO_BOUNDARY = 0, 1


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--launcher", "name", required=True, metavar="NAME", help="The package, as pip or npm call it.")
@click.option("--versions", "asked", default="..", metavar="FIRST..LAST",
              help="Both included; either may be left out. All, unless given.")  # fmt: skip
@click.option("--from", "source", type=click.Choice(list(MANAGERS)),
              help="Unless given: as the targets say, else the one that knows the name.")  # fmt: skip
@click.option("--program", metavar="NAME", help="The package's program, where it is not called as in the case.")
@click.option("-n", "times", type=click.IntRange(1), default=5, show_default=True, help="Plays of each version.")
@click.option("--all", "every", is_flag=True, help="Play every version: a fault may come and go.")
@click.option(
    "--step", type=click.IntRange(1), metavar="K", help="Play every K-th, and then between those that differ."
)
@click.option("--pre", is_flag=True, help="Pre-releases and withdrawn versions as well.")
@click.option("--same-objection/--any-objection", "same", default=True, show_default=True,
              help="What counts as the fault: what the case file says, or whatever its check objects to.")  # fmt: skip
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), metavar="DIRECTORY",
              help="Where versions are installed and kept.  [default: below the user's cache]")  # fmt: skip
@quiet
@as_json
def bisect(
    case: Path, name: str, asked: str, source: Source | None, program: str | None, times: int, every: bool,
    step: int | None, pre: bool, same: bool, cache: Path | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find the version of a launcher with which the fault of CASE came or went.

    Exits 0 when a boundary was found, 1 when there is none, 2 for a wrong call, 3 when the harness failed.

    \b
        proctor bisect proctor-cases/uv-run-sig-1-f0669734.json --launcher uv --versions 0.5.0..0.13.8
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        saved = casefile.read(case)
        needs_known(saved, case)
        if not saved.target.command:
            raise UsageError(f"{case}: this case is of the bare command; there is no launcher in it to be replaced")
        origin = source or source_of(name, saved.target.install)
        versions = chosen(asked, origin, name, partial(listed, origin, name), pre)
        directory = (cache or cache_directory()).absolute()
        player = Versions(saved, origin, name, directory, program or "", times, not same)
        if not quiet:
            whole = f"{len(versions)} versions from {versions[0]} to {versions[-1]}"
            click.echo(f"{name} of {origin}: {whole}, {times} plays each", err=True)
        outcome = BisectOutcome(name, versions, step or (1 if every else 0))
        ended = _search(player, outcome, quiet)
        if as_json:
            print_json(for_programs(outcome))
        elif lines := account_of(outcome, quiet):
            click.echo("\n".join(lines))
        if isinstance(ended, ProctorError):
            raise ended
        return INTERRUPTED if ended else BOUNDARY if outcome.boundaries else NO_BOUNDARY

    run_reporting_errors(run)


def _search(player: Versions, outcome: BisectOutcome, quiet: bool) -> BaseException | None:
    """Search, and fill in what came of it; return what has ended it early: an interruption, or an error."""
    seen = outcome.seen
    with _progress(outcome.name) as (tell, say):

        def verdict(version: str) -> Kind:
            seen[version] = player.play(version, partial(tell, version, len(seen)))
            if not quiet:
                say(line_of(seen[version]))
            return seen[version].kind

        try:
            search(outcome.versions, verdict, {}, outcome.step)
        except (KeyboardInterrupt, ProctorError) as reason:
            outcome.is_finished = False
            return reason
    return None


@contextlib.contextmanager
def _progress(name: str) -> Iterator[tuple[Callable[[str, int, str], None], Callable[[str], None]]]:
    """Give what tells how far it is (on a terminal alone), and what says a line for good; both on stderr."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(name, total=None)

        def tell(version: str, count: int, what: str) -> None:
            progress.update(task, description=f"{name} {version}: {what} ({count} versions played)")

        def say(line: str) -> None:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield tell, say
