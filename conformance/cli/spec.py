"""`proctor spec`: the requirements."""

from __future__ import annotations

import click
import msgspec

from proctor.conformance.cli.common import (
    ShowsByDefault,
    as_json,
    complete_requirements,
    known_requirement,
    print_json,
    run_reporting_errors,
    wants_json,
)
from proctor.conformance.spec import Requirement, requirements


@click.group(cls=ShowsByDefault, invoke_without_command=True)
@as_json
@click.pass_context
def spec(ctx: click.Context, as_json: bool) -> None:  # noqa: ARG001  (wants_json looks at it)
    """List the requirements, or explain one: what it asks, why, and where it went wrong in public.

    \b
        proctor spec
        proctor spec show SIG-3        # or in short: proctor spec SIG-3
        proctor spec list --json
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@spec.command("list")
@as_json
def list_all(as_json: bool) -> None:
    """List all requirements: id, level and sentence.

    \b
        proctor spec list | grep SHOULD
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        known = list(requirements().values())
        if as_data:
            print_json([msgspec.to_builtins(one) for one in known])
            return 0
        for one in known:
            click.echo(f"{one.id:10} {one.level:8} {one.sentence}")
        return 0

    run_reporting_errors(run)


@spec.command()
@click.argument("name", metavar="ID", shell_complete=complete_requirements)
@as_json
def show(name: str, as_json: bool) -> None:
    """Print one requirement, with its reason and source.

    \b
        proctor spec show TTY-3
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        requirement = requirements()[known_requirement(name)]
        if as_data:
            print_json(msgspec.to_builtins(requirement))
        else:
            click.echo(_in_full(requirement))
        return 0

    run_reporting_errors(run)


def _in_full(requirement: Requirement) -> str:
    return "\n".join(
        (
            f"{requirement.id} ({requirement.level}, profile {requirement.profile})",
            click.wrap_text(requirement.sentence, 90, "  ", "  "),
            click.wrap_text(f"Why: {requirement.why}", 90, "  ", "       "),
            click.wrap_text(f"Source: {requirement.source}", 90, "  ", "          "),
        )
    )
