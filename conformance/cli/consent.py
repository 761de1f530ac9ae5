"""Asks before the commands of a case file are run: the file may come from somebody else."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from proctor.conformance.judging.casefile import CaseFile
from proctor.harness.errors import UsageError
from proctor.harness.scenario import SHELLS, Type
from proctor.harness.target import Target
from proctor.harness.words import harmless

LONGEST = 200
"""Characters of one command or variable that are shown."""

trust_option = click.option("--trust", is_flag=True, help="Run what CASE says without asking.")


def needs_consent(case: CaseFile, path: Path, launcher: Target, trusted: bool) -> None:
    """Show what playing a case runs, and ask on the terminal whether to run it. UsageError where the user does not want
    that, or where there is no terminal and `trusted` is not set. launcher: on which it is played."""
    if trusted:
        return
    lines = [harmless(line) for line in what_runs(case, launcher)]
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"{path}: a case file runs commands, so it is not run without your consent: {'; '.join(lines)}. If that is "
            "what you want, add --trust"
        )
    click.echo(harmless(f"{path}:"), err=True)
    for line in lines:
        click.echo(f"  {line}", err=True)
    if not click.confirm("Run this?", default=False, err=True):
        raise UsageError(f"{path}: nothing was run; --trust runs it without asking")


def what_runs(case: CaseFile, launcher: Target) -> Iterator[str]:
    """Yield in a line each what playing a case runs, and what may have an effect on what is run."""
    for what in ("command", "sync", "prune", "version"):
        if words := getattr(launcher, what):
            yield f"runs {_cut(shlex.join(words))}"
    if launcher.group.limit:
        yield f"runs it with {_cut(shlex.join(launcher.group.limit))}"
    scripts = [case.scenario, *([case.compared_with] if case.compared_with else [])]
    for scenario in scripts:
        typed = b"".join(step.data for step in scenario.steps if isinstance(step, Type))
        if typed and scenario.stage.parent in SHELLS:
            yield f"types {_cut(ascii(typed.decode('utf-8', 'backslashreplace')))} into {scenario.stage.parent}"
        for name, value in scenario.stage.environment.items():
            yield f"sets {_cut(name + '=' + ascii(value.decode('utf-8', 'backslashreplace')))}"
    for name, text in launcher.environment.items():
        yield f"sets {_cut(f'{name}={text!a}')}"
    for name in launcher.files:
        yield f"writes {_cut(name)} into a directory of its own"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
