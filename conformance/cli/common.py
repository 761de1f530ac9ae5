"""What the commands of `proctor` share: how errors and interruptions are told, JSON, and what a shell completes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import msgspec
from click.shell_completion import CompletionItem

from proctor.conformance.cli.exits import BROKEN_PIPE, HARNESS_FAILED, INTERRUPTED, USAGE_ERROR
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness.errors import HarnessError, UsageError, nearest
from proctor.harness.target import known_targets
from proctor.harness.words import harmless

RESULTS = click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULTS...")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Say only what is amiss.")


def run_reporting_errors(command: Callable[[], int], so_far: Callable[[], str] = lambda: "") -> None:
    """Run a command and exit as it says; errors are said on stderr with the status of their kind. so_far: what was done
    by the time it is interrupted, in a line; called then."""
    try:
        status = command()
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        # nobody reads on; what is still to be printed would be complained about at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = BROKEN_PIPE
    except UsageError as error:
        click.echo(f"proctor: {harmless(str(error))}", err=True)
        status = USAGE_ERROR
    except HarnessError as error:
        click.echo(f"proctor: {harmless(str(error))}", err=True)
        status = HARNESS_FAILED
    except KeyboardInterrupt:
        with undisturbed():
            told = so_far()
            click.echo(f"proctor: interrupted{f': {harmless(told)}' if told else ''}", err=True)
        status = INTERRUPTED
    finally:
        with undisturbed():
            door.stop()
    sys.exit(status)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let no further Ctrl-C come between what is done here: whoever presses it again has only to wait for the end."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def print_json(data: object) -> None:
    """Print JSON that people can read, too."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def is_colored() -> bool:
    """Whether what is printed may have colours; no-color.org."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def is_terminal() -> bool:
    """Whether stdout is one. Where whoever started us has closed it, it is None."""
    return bool(sys.stdout) and sys.stdout.isatty()


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: as wide as the terminal, or where stdout is none in lines of their full length."""
    if is_terminal():
        from rich.console import Console
        from rich.table import Table

        table = Table(*titles, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*map(harmless, row))
        Console().print(table, markup=False)
        return
    lines = [list(map(harmless, row)) for row in (titles, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        click.echo("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())


def wants_json(own: bool) -> bool:
    """Whether --json was given to a command or to the group that it is in."""
    parent = click.get_current_context().parent
    return own or bool(parent and parent.params.get("as_json"))


def known_requirement(name: str, option: str = "") -> str:
    """Return the id of a requirement as it is written, of whatever case it was given in; WrongCall where there is none.
    option: where it was given, for the message."""
    if name.upper() in requirements():
        return name.upper()
    what = f"{option}={name}: there is no such requirement" if option else f"there is no requirement '{name}'"
    raise UsageError(f"{what}{nearest(name.upper(), requirements())}; `proctor spec` lists them")


def complete_targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  (as click wants it)
    """Complete names of targets; where none begins so, files."""
    found = [
        CompletionItem(name, help=tomllib.loads(path.read_text(encoding="utf-8")).get("description", ""))
        for name, path in known_targets().items()
        if name.startswith(incomplete)
    ]
    # to click's script for bash the last word is: what comes before this is forgotten
    return [CompletionItem(incomplete, type="file"), *found]


def complete_requirements(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  (as click wants it)
    """Complete ids of requirements."""
    known = requirements().values()
    return [CompletionItem(one.id, help=one.sentence) for one in known if one.id.startswith(incomplete.upper())]


class ShowsByDefault(click.Group):
    """A group in which a word that is no command is what `show` is to show: `proctor spec SIG-3`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # fmt: skip
        """Return the command that is asked for, `show` for any other word."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            return "show", self.commands["show"], args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands, and what `show` takes."""
        show = self.commands["show"].params[0]
        return [*super().shell_complete(ctx, incomplete), *show.shell_complete(ctx, incomplete)]
