"""`proctor hunt`: generated scripts, until something is found, time is up, or somebody stops it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from proctor.conformance.cli.common import (
    as_json,
    complete_targets,
    print_json,
    quiet,
    run_reporting_errors,
    undisturbed,
)
from proctor.conformance.cli.exits import FOUND, INTERRUPTED
from proctor.conformance.exploring.hunt_workers import Hunt, State
from proctor.conformance.judging.probe import check_deviations, probe
from proctor.conformance.suite.terminal_report import escape
from proctor.harness.errors import UsageError
from proctor.harness.explorer.move_rules import RULES
from proctor.harness.target import load


class Profile(NamedTuple):
    """How long a hunt goes on, with how many workers (0: one for each core), and whether it begins where the last one
    has ended."""

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
    help="ci: seconds, the same scripts each time. nightly: minutes. hunt: until it is stopped.",
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0.0), help="Another time than the profile's.")
@click.option("--workers", type=click.IntRange(1), help="Processes, a core for each.")
@click.option("--seed", type=click.IntRange(0), help="Begin with this seed, not where the last hunt has ended.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), default=Path("proctor-hunt"), show_default=True,
    help="Where findings and the next seed are kept.",
)  # fmt: skip
@quiet
@as_json
def hunt(
    target: str, profile: str, seconds: float | None, workers: int | None, seed: int | None, state: Path, quiet: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Have TARGET stand scripts that nobody has thought of, and keep the shortest that it does not stand.

    Exits 0 when nothing was found, 1 when something was, 2 for a wrong call, 3 when the harness itself failed.

    \b
        proctor hunt tini --profile ci
        proctor hunt 'uv run --no-project --' --seconds 300
        proctor hunt ./my-launcher                     # until Ctrl-C; goes on where the last one has ended
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        chosen = PROFILES[profile]
        launcher = check_deviations(load(target), target)
        if trouble := probe(launcher).trouble:
            raise UsageError(trouble.text)
        kept = State.at(state, launcher, chosen.resumes)
        if seed is not None:
            kept.next_seed = seed
        until = time.monotonic() + (chosen.seconds if seconds is None else seconds)
        with Hunt(launcher, kept, workers or chosen.workers or os.cpu_count() or 1) as hunt:
            interrupted = _follow(hunt, until)
        if as_json:
            print_json(_for_programs(hunt, interrupted))
        elif kept.found or hunt.account.unstable or hunt.account.invalid or not quiet:
            _sum_up(hunt, quiet)
        return INTERRUPTED if interrupted else FOUND if kept.found else 0

    run_reporting_errors(run, lambda: "no script had been played")


def _follow(hunt: Hunt, until: float) -> bool:
    """Let it go on until that time; return whether somebody has stopped it."""
    live = Live(console=Console(stderr=True), transient=True, refresh_per_second=4)
    try:
        with live if sys.stderr.isatty() else _Silent() as shown:
            for _ in hunt.chunks(until):
                shown.update(Text(_line(hunt)))
    except KeyboardInterrupt:
        with undisturbed():
            hunt.interrupt()
        return True
    return False


class _Silent:
    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, _: Text) -> None:
        """Say nothing: this is no terminal."""


def _line(hunt: Hunt) -> str:
    account = hunt.account
    pairs = f"{len(account.pairs)} of {len(RULES) ** 2} pairs of moves"
    if account.passed:
        pairs += f", {len(account.met)} of {len(account.passed)} points"
    found = ", ".join(hunt.state.found) or "nothing"
    return f"{account.played} scripts, {account.played / max(hunt.seconds, 0.1):.0f} a second; {pairs}; found: {found}"


def _never_made(hunt: Hunt) -> list[str]:
    return sorted(RULES.keys() - hunt.account.moves.keys())


def _sum_up(hunt: Hunt, quiet: bool) -> None:
    """Say what was played, what was found, and what the hunt has not come to; quiet: only what is amiss."""
    click.echo(escape(f"{hunt.target.name}: {_line(hunt)}"))
    if (never := _never_made(hunt)) and not quiet:
        click.echo(f"  moves that were never made: {', '.join(never)}")
    for name, count in hunt.account.unstable.items():
        click.echo(f"  {count} times {name} was broken once, and not when the script was played again: no finding")
    for reason, count in hunt.account.invalid.items():
        click.echo(f"  {count} scripts were not judged: {escape(reason)}")
    for name, path in hunt.state.found.items():
        click.echo(f"  {escape(hunt.said.get(name, f'{name}: found before'))}")
        click.echo(f"    replay: proctor replay {path} -n 50")


def _for_programs(hunt: Hunt, interrupted: bool) -> dict[str, object]:
    """Return what --json prints. points: how many the launcher has, and at how many of them something was done."""
    account = hunt.account
    found = {name: {"case": path, "said": hunt.said.get(name, "")} for name, path in hunt.state.found.items()}
    return {
        "target": hunt.target.name, "scripts": account.played, "under_a_schedule": account.scheduled,
        "seconds": round(hunt.seconds, 3), "is_interrupted": interrupted, "next_seed": hunt.state.next_seed,
        "found": found, "unstable": account.unstable, "invalid": account.invalid,
        "moves_never_made": _never_made(hunt), "pairs_of_moves": len(account.pairs), "of_pairs": len(RULES) ** 2,
        "points_met": len(account.met), "points": len(account.passed),
    }  # fmt: skip
