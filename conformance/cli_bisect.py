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

from conformance import casefile
from conformance.bisect_report import hints, line_of, table_of, told_of, told_of_edges, told_of_none
from conformance.bisecting import Kind, boundaries, search
from conformance.cli_common import speak_of_errors
from conformance.exits import INTERRUPTED
from conformance.managers import MANAGERS, Source
from conformance.origin import listed, source_of
from conformance.packages import cache_directory
from conformance.ranges import chosen
from conformance.replaying import needs_known
from conformance.versions import Seen, Versions
from harness.errors import ProctorError, WrongCall

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
def bisect(
    case: Path, name: str, asked: str, source: Source | None, program: str | None, times: int, every: bool,
    step: int | None, pre: bool, same: bool, cache: Path | None,
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
            raise WrongCall(f"{case}: this case is of the bare command; there is no launcher in it to be replaced")
        origin = source or source_of(name, saved.target.install)
        versions = chosen(asked, origin, name, partial(listed, origin, name), pre)
        directory = (cache or cache_directory()).absolute()
        player = Versions(saved, origin, name, directory, program or "", times, not same)
        click.echo(
            f"{name} of {origin}: {len(versions)} versions from {versions[0]} to {versions[-1]}, {times} plays each",
            err=True,
        )
        return _search(player, name, versions, step or (1 if every else 0))

    speak_of_errors(run)


def _search(player: Versions, name: str, versions: list[str], step: int) -> int:
    """Search and print what came of it, also where it is interrupted or comes to an error; return the exit status."""
    seen: dict[str, Seen] = {}
    ended: BaseException | None = None
    with _progress(name) as (tell, say):

        def verdict(version: str) -> Kind:
            seen[version] = player.play(version, partial(tell, version, len(seen)))
            say(line_of(seen[version]))
            return seen[version].kind

        try:
            search(versions, verdict, {}, step)
        except (KeyboardInterrupt, ProctorError) as reason:
            ended = reason
    found = _print_outcome(name, versions, seen, step, ended is not None)
    if isinstance(ended, ProctorError):
        raise ended
    return INTERRUPTED if ended else BOUNDARY if found else NO_BOUNDARY


def _print_outcome(name: str, versions: list[str], seen: dict[str, Seen], step: int, unfinished: bool) -> bool:
    """Print the table and what it comes to; return whether there is a boundary."""
    played = [seen[version] for version in versions if version in seen]
    found = boundaries(versions, {version: one.kind for version, one in seen.items()})
    if played:
        click.echo("\n".join(table_of(played)))
    lines = [line for boundary in found for line in told_of(boundary, name, seen)]
    if unfinished and not played:
        return False
    if unfinished:
        lines.insert(0, f"not finished; known so far, of {len(played)} of {len(versions)} versions:")
    elif not found:
        lines = told_of_none(name, versions, played, bool(step))
    click.echo("\n".join([*lines, *told_of_edges(played), *hints(played)]))
    return bool(found)


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
