"""`proctor hunt`: runs generated scenarios until time is up or Ctrl-C."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click
from rich.live import Live
from rich.text import Text

from proctor.conformance.cli.common import (
    choose_containment,
    complete_targets,
    containment_option,
    json_option,
    number_of,
    print_json,
    quiet_option,
    report_probe,
    run_reporting_errors,
    sigint_ignored,
)
from proctor.conformance.cli.exits import FOUND, INTERRUPTED
from proctor.conformance.cli.progress_console import ProgressConsole
from proctor.conformance.exploring.hunt_workers import Hunt, HuntState
from proctor.conformance.judging.control_group import settle_containment
from proctor.conformance.judging.deviations import check_deviations
from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.explorer.move_rules import RULES
from proctor.harness.words import harmless as escape


class Profile(NamedTuple):
    """How long a hunt runs, with how many workers (0: one for each core), and whether it starts with the seed at which
    the last one ended."""

    seconds: float
    workers: int
    resumes: bool


PROFILES = {
    "ci": Profile(20.0, 1, resumes=False),
    "nightly": Profile(600.0, 0, resumes=True),
    "hunt": Profile(float("inf"), 0, resumes=True),
}


@click.command()
@click.argument("target", shell_complete=complete_targets)
@click.option(
    "--profile", type=click.Choice(tuple(PROFILES)), default="hunt", show_default=True,
    help="ci: 20 seconds, the same scenarios each time. nightly: 10 minutes. hunt: until Ctrl-C.",
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0.0, min_open=True), help="Time limit, instead of the profile's.")
@click.option("--workers", type=click.IntRange(1), help="Number of worker processes; each uses one core.")
@click.option("--seed", type=click.IntRange(0), help="Start with this seed, not where the last hunt ended.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), default=Path("proctor-hunt"), show_default=True,
    help="Directory for findings and the next seed.",
)  # fmt: skip
@containment_option
@quiet_option
@json_option
def hunt(
    target: str, profile: str, seconds: float | None, workers: int | None, seed: int | None, state: Path,
    containment: str, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run generated scenarios against TARGET, and keep the shortest that breaks a requirement.

    Exit status: 0 if there is no finding, 1 if there is one, 2 for a usage error, 3 if Proctor itself failed.

    \b
        proctor hunt tini --profile ci
        proctor hunt 'uv run --no-project --' --seconds 300
        proctor hunt ./my-launcher                     # until Ctrl-C; the next hunt continues where this one stopped
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        chosen = PROFILES[profile]
        launcher = check_deviations(load(target), target)
        choose_containment(containment)
        found = settle_containment(launcher)
        if found.trouble:
            raise UsageError(found.trouble.text)
        launcher = found.with_witness(launcher)
        report_probe(found)
        kept = HuntState.at(state, launcher, chosen.resumes)
        if seed is not None:
            kept.next_seed = seed
        until = time.monotonic() + (chosen.seconds if seconds is None else seconds)
        with Hunt(launcher, kept, workers or chosen.workers or os.cpu_count() or 1) as hunt:
            interrupted = _follow(hunt, until)
        if as_json:
            print_json(_for_programs(hunt, interrupted))
        elif kept.found or hunt.account.unstable or hunt.account.invalid or not quiet:
            _print_summary(hunt, quiet)
        return INTERRUPTED if interrupted else FOUND if kept.found else 0

    run_reporting_errors(run, lambda: "no scenario was played")


def _follow(hunt: Hunt, until: float) -> bool:
    """Run the hunt until that time, and show its progress; return whether it was interrupted."""
    live = Live(console=ProgressConsole(), transient=True, refresh_per_second=4)
    try:
        with live if sys.stderr.isatty() else _NoProgress() as shown:
            for _ in hunt.chunks(until):
                shown.update(Text(_line(hunt)))
    except KeyboardInterrupt:
        with sigint_ignored():
            hunt.interrupt()
        return True
    return False


class _NoProgress:
    def __enter__(self) -> _NoProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, _: Text) -> None:
        """Show nothing: stderr is not a terminal."""


def _line(hunt: Hunt) -> str:
    account = hunt.account
    pairs = f"{len(account.pairs)} of {len(RULES) ** 2} pairs of moves"
    if account.passed:
        pairs += f", {len(account.met)} of {len(account.passed)} points"
    found = ", ".join(hunt.state.found) or "nothing"
    return f"{account.played} scenarios, {account.played / max(hunt.seconds, 0.1):.0f}/s; {pairs}; found: {found}"


def _moves_never_made(hunt: Hunt) -> list[str]:
    return sorted(RULES.keys() - hunt.account.moves.keys())


def _print_summary(hunt: Hunt, quiet: bool) -> None:
    """Print what was played and found, and which moves were never made; quiet: only problems."""
    click.echo(escape(f"{hunt.target.name}: {_line(hunt)}"))
    if (never := _moves_never_made(hunt)) and not quiet:
        click.echo(f"  steps never tried: {', '.join(never)}")
    for name, count in hunt.account.unstable.items():
        click.echo(f"  {name}: {number_of(count, 'violation')} did not come back in a replay: not a finding")
    for reason, count in hunt.account.invalid.items():
        were = "was" if count == 1 else "were"
        click.echo(f"  {number_of(count, 'scenario')} {were} not judged: {escape(reason)}")
    for name, path in hunt.state.found.items():
        click.echo(f"  {escape(hunt.said.get(name, f'{name}: found by an earlier hunt'))}")
        again = escape(shlex.join(["proctor", "replay", path, "-n", "50"])).replace("\n", "\\n")
        click.echo(f"    replay: {again}")


def _for_programs(hunt: Hunt, interrupted: bool) -> dict[str, object]:
    """Return what --json prints. points: schedule points of the launcher; points_met: those that a directive used."""
    account = hunt.account
    found = {name: {"case": path, "said": hunt.said.get(name, "")} for name, path in hunt.state.found.items()}
    return {
        "target": hunt.target.name, "scripts": account.played, "under_a_schedule": account.scheduled,
        "seconds": round(hunt.seconds, 3), "is_interrupted": interrupted, "next_seed": hunt.state.next_seed,
        "found": found, "unstable": account.unstable, "invalid": account.invalid,
        "moves_never_made": _moves_never_made(hunt), "pairs_of_moves": len(account.pairs), "of_pairs": len(RULES) ** 2,
        "points_met": len(account.met), "points": len(account.passed),
    }  # fmt: skip
