"""`proctor doctor`: checks what can be observed on this system."""

from __future__ import annotations

import click

from proctor.conformance.cli.common import is_colored, json_option, print_json, quiet_option, run_reporting_errors
from proctor.conformance.cli.exits import FOUND
from proctor.conformance.cli.system_checks import Ability, abilities, is_complete, unobservable

SIGNS = {"yes": "yes", "less": "LESS", "no": "NO", "note": "-"}
WIDTH = 100


@click.command()
@json_option
@quiet_option
def doctor(as_json: bool, quiet: bool) -> None:
    """Check what can be observed on this system, how a restriction changes verdicts, and how to remove it.

    Exit status: 0 if everything can be observed, 1 if not. A requirement that cannot be observed never passes.

    \b
        proctor doctor
        proctor doctor --json | jq '.not_observable'
        docker run --rm IMAGE proctor doctor --quiet      # what does this container lack?
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    found: list[Ability] = []

    def run() -> int:
        for ability in abilities():
            found.append(ability)
            if not as_json and not (quiet and ability.state in ("yes", "note")):
                _print_ability(ability)
        whole, partly = unobservable(found)
        if as_json:
            print_json({"complete": is_complete(found), "not_observable": whole, "in_part": partly, "abilities": found})
        elif not is_complete(found) or not quiet:
            click.echo(_summary(found))
        return 0 if is_complete(found) else FOUND

    run_reporting_errors(run, lambda: f"{len(found)} abilities were checked")


def _print_ability(ability: Ability) -> None:
    """Print one ability."""
    sign = SIGNS[ability.state]
    color = {"LESS": "yellow", "NO": "red"}.get(sign) if is_colored() else None
    notes = f" ({ability.means})" if ability.means and ability.state == "note" else ""
    line = f"{ability.name:18} {ability.found}{notes}"
    shown = click.style(f"{sign:4}", fg=color) if color else f"{sign:4}"
    click.echo(f"{shown} {line}")
    if ability.state in ("less", "no"):
        _print_indented("effect: ", ability.means)
        _print_indented("not observable: ", ", ".join(ability.not_observable))
        _print_indented("partly observable: ", ", ".join(ability.in_part))
        _print_indented("fix: ", ability.do)


def _print_indented(title: str, text: str) -> None:
    if text:
        margin = " " * 24
        click.echo(click.wrap_text(title + text, WIDTH, margin, margin + " " * len(title)))


def _summary(found: list[Ability]) -> str:
    if is_complete(found):
        return "Everything that the suite needs can be observed here."
    if any(ability.state == "no" for ability in found):
        return "Nothing can be observed here."
    whole, partly = unobservable(found)
    lines = [f"not observable here: {', '.join(whole)}"] if whole else []
    lines += [f"partly observable here: {', '.join(partly)}"] if partly else []
    return "\n".join(lines or ["All requirements can be judged, but some with less certainty."])
