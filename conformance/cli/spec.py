"""`proctor spec`: prints the requirements."""

from __future__ import annotations

import click
import msgspec

from proctor.conformance.cli.common import (
    ShowsByDefault,
    complete_requirements,
    json_option,
    print_json,
    requirement_id,
    run_reporting_errors,
    wants_json,
)
from proctor.conformance.spec import Requirement, requirements


@click.group(cls=ShowsByDefault, invoke_without_command=True)
@json_option
@click.pass_context
def spec(ctx: click.Context, as_json: bool) -> None:  # noqa: ARG001  (wants_json() reads it)
    """List the requirements, or explain one: its sentence, its reason and its sources.

    Exit status: 0, or 2 for a usage error.

    \b
        proctor spec
        proctor spec show SIG-3        # short: proctor spec SIG-3
        proctor spec list --json
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@spec.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List all requirements: id, level, sentence.

    \b
        proctor spec list | grep SHOULD
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        known = list(requirements().values())
        if as_data:
            print_json([msgspec.to_builtins(requirement) for requirement in known])
            return 0
        for requirement in known:
            click.echo(f"{requirement.id:10} {requirement.level:8} {requirement.sentence}")
        return 0

    run_reporting_errors(run)


@spec.command()
@click.argument("name", metavar="ID", shell_complete=complete_requirements)
@json_option
def show(name: str, as_json: bool) -> None:
    """Print one requirement with its reason, its sources and, for some, how to meet it.

    \b
        proctor spec show TTY-3
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        requirement = requirements()[requirement_id(name)]
        if as_data:
            print_json(msgspec.to_builtins(requirement))
        else:
            click.echo(_in_full(requirement))
        return 0

    run_reporting_errors(run)


def _in_full(requirement: Requirement) -> str:
    parts = [
        f"{requirement.id} ({requirement.level}, profile {requirement.profile})",
        click.wrap_text(requirement.sentence, 90, "  ", "  "),
        click.wrap_text(f"Why: {requirement.why}", 90, "  ", "       "),
        click.wrap_text(f"Source: {requirement.source}", 90, "  ", "          "),
    ]
    if requirement.mend:
        parts.append(click.wrap_text(f"Mend it: {requirement.mend}", 90, "  ", "           "))
    return "\n".join(parts)
