"""`proctor completion`: what makes a shell complete commands, options, targets and requirements."""

from __future__ import annotations

from typing import Literal

import click
from click.shell_completion import get_completion_class

from proctor.conformance.cli.common import run_reporting_errors
from proctor.harness.errors import UsageError

Shell = Literal["bash", "zsh", "fish"]
VARIABLE = "_PROCTOR_COMPLETE"
"""By which click knows that it is asked for a completion."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: Shell) -> None:
    """Print the script by which SHELL completes commands, options, names of targets and ids of requirements.

    \b
        proctor completion bash > ~/.local/share/bash-completion/completions/proctor
        proctor completion zsh > ~/.zfunc/_proctor                # a directory of $fpath
        proctor completion fish > ~/.config/fish/completions/proctor.fish
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        made = get_completion_class(shell)
        if made is None:
            raise UsageError(f"the installed click completes nothing in {shell}; update it: pip install -U click")
        whole = click.get_current_context().find_root().command
        complete = made(whole, {}, "proctor", VARIABLE)
        # not source(): that first asks the bash of this machine for its version, and this may be for another one
        click.echo(complete.source_template % complete.source_vars())
        return 0

    run_reporting_errors(run)
