"""`proctor check`: runs the suite from any directory, and compares its results with a baseline."""

from __future__ import annotations

import contextlib
import io
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import click

from proctor.conformance.cli.common import (
    complete_targets,
    containment_option,
    json_option,
    run_reporting_errors,
    scheduler_option,
)
from proctor.conformance.cli.compare import gate, stale_deviations
from proctor.conformance.cli.exits import FOUND, HARNESS_FAILED
from proctor.conformance.cli.suite_on_cluster import run_on_cluster
from proctor.conformance.cli.suite_run import run_suite
from proctor.conformance.judging import result_rows
from proctor.conformance.spec import VERSION
from proctor.conformance.suite.kept_results import KeptResults
from proctor.harness.errors import UsageError
from proctor.harness.target import PROFILES
from proctor.harness.words import harmless_json
from proctor.reports.compare import same_specification
from proctor.reports.results import Results, read

MOST_WORKERS = 256


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=complete_targets)
@click.option(
    "--full", is_flag=True, help="Test every signal and exit code, and every schedule of explored cases: no sample."
)
@click.option(
    "--explore-schedules", "schedules", type=click.IntRange(0), metavar="N",
    help="Play at most N schedules of each explored case; 0 leaves these cases out.  [default: by the launcher]",
)  # fmt: skip
@click.option(
    "--explore-budget", "budget", type=click.FloatRange(0), metavar="SECONDS",
    help="Play all schedules of each explored case, but begin none after SECONDS; 0 leaves these cases out.",
)  # fmt: skip
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    type=click.Choice(PROFILES),
    help="Test the requirements of this profile too (repeatable; see docs/targets.md).",
)
@click.option("--results", metavar="FILE", type=click.Path(dir_okay=False), help="Write the results to FILE, as JSON.")
@click.option(
    "--cases", metavar="DIRECTORY", type=click.Path(file_okay=False), help="Save a case file for each violation."
)
@click.option(
    "--baseline", metavar="RESULTS", type=click.Path(path_type=Path),
    help="Fail only if a result is worse than in RESULTS.",
)  # fmt: skip
@click.option(
    "--strict-baseline", "is_strict", is_flag=True,
    help="Fail also if a failure of the baseline or a declared deviation does not occur any more.",
)  # fmt: skip
@click.option(
    "--declare", "declarations", multiple=True, metavar="DEVIATION=REASON",
    help="Declare a deviation of every TARGET, for example 'SIG-1[HUP]=reason' (repeatable; see docs/targets.md).",
)  # fmt: skip
@click.option(
    "--stop-sequence", "sequences", multiple=True, metavar="NAME|FILE",
    help="Run only the cases of this stop sequence, such as docker-stop, or of a TOML file (repeatable; see "
    "docs/world.md).",
)  # fmt: skip
@click.option("-n", "workers", metavar="N", help="Number of workers; 'auto' uses all cores.")
@click.option(
    "-k", "expression", metavar="EXPR", help="Run only these requirements or cases, for example 'SIG-1 or TTY-3'."
)
@click.option("-x", "first_only", is_flag=True, help="Stop at the first failing MUST or error.")
@click.option(
    "--lf",
    "last_failed",
    is_flag=True,
    help="Run only the cases in which a MUST failed in the last run on the same TARGETs from this directory.",
)
@click.option("-v", "--verbose", count=True, help="Also show passes and failing SHOULDs; -vv shows each failing case.")
@click.option("-q", "--quiet", is_flag=True, help="Print only a line for each problem.")
@scheduler_option
@containment_option
@json_option
def check(
    targets: tuple[str, ...], full: bool, schedules: int | None, budget: float | None, profiles: tuple[str, ...],
    results: str | None, cases: str | None, baseline: Path | None, is_strict: bool, declarations: tuple[str, ...],
    sequences: tuple[str, ...], workers: str | None, expression: str | None, scheduler: str,
    containment: str, first_only: bool, last_failed: bool, verbose: int, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run the suite on each TARGET: an executable, a command line, a TOML file, or a name that `proctor targets` lists.

    A requirement of which less was played than planned is `partial`, never `pass`. That is no failure.

    Exit status: 0 if no MUST failed, 1 if one failed, 2 for a usage error, 3 if Proctor itself failed. With --baseline
    it is 1 only if a result is worse than in the baseline; with --strict-baseline also if an expected failure did not
    occur. With --json the results go to stdout, one object for one TARGET or a list for several, and everything else
    goes to stderr.

    \b
        proctor check ./my-launcher
        proctor check tini -k 'SIG-1 or TTY-3'
        proctor check 'uv run --no-project --' --cases found -n auto
        proctor check ./my-launcher --results now.json --baseline released.json
        proctor check tini dumb-init --json | jq '.[].summary.MUST'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    words = [f"--target={target}" for target in targets]
    words += [f"--profile={profile}" for profile in profiles]
    words += [f"--declare={declaration}" for declaration in declarations]
    words += [f"--stop-sequence={sequence}" for sequence in sequences]
    words += ["--full"] if full else []
    words += [] if schedules is None else [f"--explore-schedules={schedules}"]
    words += [] if budget is None else [f"--explore-budget={budget:g}"]
    words += [f"--containment={containment}"]
    words += [f"--cases={cases}"] if cases else []
    words += ["-k", expression] if expression else []
    words += ["-x"] if first_only else []
    words += ["--lf", "--lfnf=none"] if last_failed else []
    words += ["-q"] if quiet else [f"-{'v' * verbose}"] if verbose else []

    def run() -> int:
        play: Play = partial(run_on_cluster, scheduler) if scheduler else run_suite
        if workers:
            words.extend(["-n", _valid_workers(workers)])
        words.extend([f"--results={results}"] if results else [])
        if not (baseline or is_strict or as_json):
            return play(words)
        return _run_with_results(play, words, Gate(baseline, is_strict), quiet, as_json)

    run_reporting_errors(run)


def _valid_workers(workers: str) -> str:
    """Return the value of -n; UsageError if it is not a number, or higher than any machine has room for."""
    if workers not in ("auto", "logical") and not (workers.isdecimal() and int(workers) <= MOST_WORKERS):
        raise UsageError(f"-n {workers}: not a number of workers; give one up to {MOST_WORKERS}, or 'auto'")
    return workers


class Gate(NamedTuple):
    """What results are compared with, if anything. is_strict: whether a failure of the baseline that does not occur
    fails the gate."""

    baseline: Path | None
    is_strict: bool

    def status(self, results: list[Results], status: int) -> int:
        """Print the differences; return the exit status, where the suite alone would exit with this one."""
        if self.baseline:
            status = gate(results, self.baseline, self.is_strict)
        stale = stale_deviations(results) if self.is_strict else 0
        return status or stale


class Play(Protocol):
    """Runs the suite, here or on a cluster; see run_suite()."""

    def __call__(self, words: list[str], kept: KeptResults | None = None) -> int:
        """Run it with these options; return the exit status."""


def _run_with_results(play: Play, words: list[str], compared: Gate, quiet: bool, as_json: bool) -> int:
    """Run the suite, print its results as --json and --baseline say, and return the exit status. With --quiet nothing
    is printed besides these."""
    if compared.baseline:
        for before in read(compared.baseline):  # report a bad baseline now, not after the whole run
            same_specification(before, VERSION, str(compared.baseline))
    kept = KeptResults()
    is_aside = quiet and (as_json or compared.baseline)
    aside = io.StringIO() if is_aside else sys.stderr if as_json else sys.stdout
    with contextlib.redirect_stdout(aside):  # pytest keeps the stream that it finds at its start
        status = play(words, kept)
    if status in (0, FOUND):
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            status = compared.status(kept.documents, status)
    elif isinstance(aside, io.StringIO) and status == HARNESS_FAILED:
        click.echo(aside.getvalue(), err=True, nl=False)
    if as_json and kept.documents:
        click.echo(harmless_json(result_rows.content(kept.documents).decode()), nl=False)
    return status
