"""`proctor completion`: prints a script for shell completion."""

from __future__ import annotations

from typing import Literal

import click
from click.shell_completion import get_completion_class

from proctor.conformance.cli.common import run_reporting_errors
from proctor.harness.errors import UsageError

Shell = Literal["bash", "zsh", "fish"]
VARIABLE = "_PROCTOR_COMPLETE"
"""The environment variable with which the script asks click for completions."""


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: Shell) -> None:
    """Print a script with which SHELL completes commands, options, targets and requirements.

    \b
        proctor completion bash > ~/.local/share/bash-completion/completions/proctor
        proctor completion zsh > ~/.zfunc/_proctor                # a directory of $fpath
        proctor completion fish > ~/.config/fish/completions/proctor.fish
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        made = get_completion_class(shell)
        if made is None:
            raise UsageError(f"the installed click has no completion for {shell}; update it: pip install -U click")
        whole = click.get_current_context().find_root().command
        complete = made(whole, {}, "proctor", VARIABLE)
        # not source(): it runs bash for its version, and the script may be for another machine
        click.echo(complete.source_template % complete.source_vars())
        return 0

    run_reporting_errors(run)
