"""The command `proctor`. Each subcommand is a module, which is imported only when that subcommand runs."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem

from proctor.conformance.cli.exits import BROKEN_PIPE, INTERRUPTED, USAGE_ERROR
from proctor.harness import streams
from proctor.harness.errors import UsageError, nearest
from proctor.harness.words import harmless

COMMANDS = {
    "check": "Run the suite on launchers.",
    "explore": "Deliver signals at each system call of a launcher.",
    "hunt": "Run generated scenarios against a launcher.",
    "replay": "Play a case again and print how often its fault came back.",
    "export": "Print a case as one Python file, or as the text of an issue.",
    "bisect": "Find the version in which a fault appeared or disappeared.",
    "report": "Make a report from results.",
    "compare": "Show results side by side.",
    "targets": "List, show or install the launchers that Proctor describes.",
    "spec": "List the requirements, or explain one.",
    "doctor": "Check what can be observed on this system.",
    "completion": "Print a script for shell completion.",
}
"""The subcommands with their purpose. The subcommand NAME is the function NAME in the module NAME of this package."""


class _Commands(click.Group):
    """The subcommands in the order of COMMANDS. Listing them imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (likewise)
        """Return the subcommand of this name, after importing its module; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(f"proctor.conformance.cli.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # fmt: skip
        """Return the subcommand that was asked for. UsageError names the nearest one if it does not exist."""
        if args and args[0] not in COMMANDS and args[0][0:1] != "-" and not ctx.resilient_parsing:
            raise UsageError(
                f"there is no command '{args[0]}'{nearest(args[0], COMMANDS)}; `proctor --help` lists them"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (likewise)
        """Write the list of subcommands for --help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of subcommands; if none matches, options."""
        commands = [
            CompletionItem(name, help=purpose) for name, purpose in COMMANDS.items() if name.startswith(incomplete)
        ]
        return commands or click.Command.shell_complete(self, ctx, incomplete)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:  # fmt: skip
        """Parse the words before the subcommand; a usage error is reported like all others."""
        with _errors_reported():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand. Report usage errors in its words, and an interruption that it did not report itself."""
        try:
            with _errors_reported():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("proctor: interrupted", err=True)
            ctx.exit(INTERRUPTED)


@contextlib.contextmanager
def _errors_reported() -> Iterator[None]:
    """Report a usage error as `proctor: ...` on stderr, and exit with its status, or with that of a broken pipe. click
    itself would print the usage, a hint and "Error: ...": another form for the same thing."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # its message is the help text
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "proctor"
        click.echo(f"proctor: {harmless(_message(error))}; see `{where} --help`", err=True)
        raise click.exceptions.Exit(USAGE_ERROR) from None
    except UsageError as error:
        click.echo(f"proctor: {harmless(str(error))}", err=True)
        raise click.exceptions.Exit(USAGE_ERROR) from None
    except BrokenPipeError as error:  # for which click itself would exit with 1, as if a MUST had failed
        raise click.exceptions.Exit(streams.lost_output(error) or BROKEN_PIPE) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="launch-proctor", prog_name="proctor")
def proctor() -> None:
    """Test process launchers: programs that start another program, the command.

    \b
    Run the whole suite on a launcher. Deliver signals at each of its system calls:
        proctor check ./my-launcher
        proctor explore ./my-launcher
    \b
    Save each violation as a case, play it again, and export it for a bug report:
        proctor check ./my-launcher --cases found
        proctor replay found/CASE.json -n 50
        proctor export found/CASE.json > repro.py
    \b
    In CI, fail only if a result is worse than in the baseline:
        proctor check ./my-launcher --results baseline.json
        proctor check ./my-launcher --baseline baseline.json

    `proctor COMMAND --help` explains a command. `proctor doctor` checks what can be observed on this system.
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)


def _message(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"there is no option '{error.option_name}'{nearest(error.option_name, error.possibilities or ())}"
    param = error.param if isinstance(error, click.MissingParameter) else None
    if param and isinstance(param.type, click.Choice):
        *others, last = map(str, param.type.choices)
        return f"missing argument {param.human_readable_name}: {', '.join(others)} or {last}"
    text = error.format_message().removesuffix(".")
    return text[:1].lower() + text[1:]


def main() -> None:
    """Run the program `proctor`."""
    if streams.open_closed_ones():
        click.echo(f"proctor: {streams.CLOSED}", err=True)
        sys.exit(USAGE_ERROR)
    try:
        proctor(prog_name="proctor")
    except OSError as error:
        status = streams.lost_output(error)
        if status is None:
            raise
        sys.exit(status)


if __name__ == "__main__":
    main()
