"""What the subcommands of `proctor` share: error reporting, output, and shell completion."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from click.shell_completion import CompletionItem

from proctor.conformance.cli.exits import BROKEN_PIPE, HARNESS_FAILED, INTERRUPTED, USAGE_ERROR
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import streams
from proctor.harness.descriptions import known_targets
from proctor.harness.errors import HarnessError, UsageError, nearest
from proctor.harness.words import harmless, harmless_json

if TYPE_CHECKING:
    from proctor.conformance.judging.probe import Probe

results_argument = click.argument(
    "results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULTS..."
)

containment_option = click.option(
    "--containment", type=click.Choice(("auto", "namespace", "subreaper")), default="auto", show_default=True,
    help="namespace: run the launcher in a PID namespace. subreaper: without one. auto: in one, if the system allows "
    "it and the launcher behaves in it as it does without.",
)  # fmt: skip
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", default="",
    help="Play on the workers of this dask scheduler, for example tcp://127.0.0.1:8786 (see docs/cluster.md).",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only problems.")


def choose_containment(option: str) -> None:
    """Contain launchers as the option says; UsageError if the system refuses that."""
    if option in ("namespace", "subreaper"):
        door.choose_containment("namespace" if option == "namespace" else "subreaper")


def report_probe(found: Probe) -> None:
    """Say on stderr what is not as usual in how a launcher is played: without a PID namespace, with another command."""
    if found.uncontained:
        click.echo(f"containment: {found.containment}: {harmless(found.compared)}", err=True)
    if found.witness:
        click.echo(f"witness: {found.witness}", err=True)


def run_reporting_errors(command: Callable[[], int], so_far: Callable[[], str] = lambda: "") -> None:
    """Run a subcommand and exit with the status that it returns. Report errors on stderr and exit with the status of
    their kind. so_far: called after an interruption; returns in one line what was done until then."""
    try:
        status = command()
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError as error:
        status = streams.lost_output(error) or BROKEN_PIPE
    except UsageError as error:
        click.echo(f"proctor: {harmless(str(error))}", err=True)
        status = USAGE_ERROR
    except HarnessError as error:
        click.echo(f"proctor: {harmless(str(error))}", err=True)
        status = HARNESS_FAILED
    except KeyboardInterrupt:
        with sigint_ignored():
            done = so_far()
            click.echo(f"proctor: interrupted{f': {harmless(done)}' if done else ''}", err=True)
        status = INTERRUPTED
    finally:
        with sigint_ignored():
            door.stop()
    sys.exit(status)


@contextlib.contextmanager
def sigint_ignored() -> Iterator[None]:
    """Ignore SIGINT in this block: a second Ctrl-C must not interrupt the clean-up after the first."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def number_of(count: int, what: str) -> str:
    """Return a number with its noun in the singular or plural: "1 run", "2 runs"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def print_json(data: object) -> None:
    """Print indented JSON. What files and launchers say may be in it, so control characters are escaped."""
    # not by msgspec: names of files may be other than UTF-8, so that they have surrogates
    click.echo(harmless_json(json.dumps(msgspec.to_builtins(data), indent=2, ensure_ascii=False)))


def is_colored() -> bool:
    """Whether the output may have colours; no-color.org."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def is_terminal() -> bool:
    """Whether stdout is a terminal. It is None if the caller has closed it."""
    return bool(sys.stdout) and sys.stdout.isatty()


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table. On a terminal it has the terminal's width; elsewhere no line is cut or folded."""
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
    """Whether --json was given to a subcommand or to its group."""
    parent = click.get_current_context().parent
    return own or bool(parent and parent.params.get("as_json"))


def requirement_id(name: str, option: str = "") -> str:
    """Return the id of a requirement in upper case; UsageError if there is no such requirement. option: the option that
    named it, for the message."""
    if name.upper() in requirements():
        return name.upper()
    what = f"{option}={name}: there is no such requirement" if option else f"there is no requirement '{name}'"
    raise UsageError(f"{what}{nearest(name.upper(), requirements())}; `proctor spec` lists them")


def complete_targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  (click's signature)
    """Complete names of targets, and files."""
    found = [
        CompletionItem(name, help=tomllib.loads(path.read_text(encoding="utf-8")).get("description", ""))
        for name, path in known_targets().items()
        if name.startswith(incomplete)
    ]
    # the entry for files comes first: click's script for bash forgets the entries before it
    return [CompletionItem(incomplete, type="file"), *found]


def complete_requirements(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  (click's signature)
    """Complete ids of requirements."""
    known = requirements()
    return [CompletionItem(id_, help=known[id_].sentence) for id_ in known if id_.startswith(incomplete.upper())]


class ShowsByDefault(click.Group):
    """A group that takes an unknown word as the argument of `show`: `proctor spec SIG-3`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # fmt: skip
        """Return the command of that name; `show` for any other word."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            return "show", self.commands["show"], args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands, and the argument of `show`."""
        show = self.commands["show"].params[0]
        return [*super().shell_complete(ctx, incomplete), *show.shell_complete(ctx, incomplete)]
