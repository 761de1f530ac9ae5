"""`proctor`: one command for all that Proctor does. Each part of it is imported when it is asked for."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys

import click
from click.shell_completion import CompletionItem

from proctor.conformance.cli.exits import HARNESS_FAILED, INTERRUPTED
from proctor.harness.errors import nearest

COMMANDS = {
    "check": "Run the suite on launchers.",
    "explore": "Send a launcher signals at each moment of its start or end.",
    "hunt": "Run generated scenarios against a launcher.",
    "replay": "Play a case again and say how often its fault came back.",
    "export": "Print a case as one Python file, or as the text of an issue.",
    "bisect": "Find the version in which a fault appeared or was fixed.",
    "report": "Make a report of results.",
    "compare": "Show results side by side.",
    "targets": "List, show or install the launchers that are described.",
    "spec": "List the requirements, or explain one.",
    "doctor": "Say what can be observed on this system, and what to do.",
    "completion": "Print the shell code that completes these commands.",
}
"""What each command is for. A command NAME is the function of that name in the module of that name beside this one."""
_OUTPUT_IS_GONE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


class _Commands(click.Group):
    """The commands in the order of their table; none is imported to be listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (as click wants it)
        """Return their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (likewise)
        """Return the one of this name, and import what it takes."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(f"proctor.conformance.cli.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # fmt: skip
        """Return the one that is asked for; where there is none, name the nearest."""
        if args and args[0] not in COMMANDS and args[0][0:1] != "-" and not ctx.resilient_parsing:
            ctx.fail(f"there is no command '{args[0]}'{nearest(args[0], COMMANDS)}; `proctor --help` lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (likewise)
        """Write their list for --help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete their names, else options."""
        commands = [
            CompletionItem(name, help=purpose) for name, purpose in COMMANDS.items() if name.startswith(incomplete)
        ]
        return commands or click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> object:
        """Say that a command was interrupted; the longer ones say themselves what they had done by then."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("proctor: interrupted", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="launch-proctor", prog_name="proctor")
def proctor() -> None:
    """Judge process launchers by what they do to the commands that they start.

    \b
    Does a launcher behave as if it were not there? And at every moment of its start?
        proctor check ./my-launcher
        proctor explore ./my-launcher
    \b
    Keep what was found, play it again, and make a bug report of it:
        proctor check ./my-launcher --cases found
        proctor replay found/CASE.json -n 50
        proctor export found/CASE.json > repro.py
    \b
    In CI: fail for what got worse, and for nothing else:
        proctor check ./my-launcher --results baseline.json
        proctor check ./my-launcher --baseline baseline.json

    `proctor COMMAND --help` has more of each. `proctor doctor` says whether this system shows all.
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)


def main() -> None:
    """Run as a program."""
    try:
        proctor(prog_name="proctor")
    except OSError as error:
        if error.errno not in _OUTPUT_IS_GONE or error.filename is not None:
            raise
        with contextlib.suppress(OSError):  # stderr may be on the same full disk
            click.echo(f"proctor: cannot write: {error.strerror}; is standard output on a full disk?", err=True)
        # what is still buffered would be tried again when Python ends, and be complained of once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(HARNESS_FAILED)


if __name__ == "__main__":
    main()
