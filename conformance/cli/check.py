"""`proctor check`: runs the suite from any directory, and compares its results with a baseline."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from proctor.conformance.cli.common import complete_targets, json_option, quiet_option, run_reporting_errors
from proctor.conformance.cli.compare import gate, stale_deviations
from proctor.conformance.cli.exits import FOUND, HARNESS_FAILED, INTERRUPTED, USAGE_ERROR
from proctor.conformance.spec import VERSION
from proctor.conformance.suite.selection import exact_ids, not_selected
from proctor.conformance.suite.terminal_report import REPEAT_BY, SIGNS, counts
from proctor.harness.errors import UsageError
from proctor.harness.target import PROFILES
from proctor.harness.words import harmless
from proctor.reports.compare import same_specification
from proctor.reports.results import Results, read

MOST_WORKERS = 256
TOLD_WHEN_QUIET = ("fail", "error", "unstable", "partial")


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
@click.option("-n", "workers", metavar="N", help="Number of workers; 'auto' uses all cores.")
@click.option(
    "-k", "expression", metavar="EXPR", help="Run only these requirements or cases, for example 'SIG-1 or TTY-3'."
)
@quiet_option
@json_option
def check(
    targets: tuple[str, ...], full: bool, schedules: int | None, profiles: tuple[str, ...], results: str | None,
    cases: str | None, baseline: Path | None, is_strict: bool, declarations: tuple[str, ...],
    workers: str | None, expression: str | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run the suite on each TARGET: an executable, a command line, a TOML file, or a name that `proctor targets` lists.

    A requirement of which less was played than planned is `partial`, never `pass`. That is no failure.

    Exit status: 0 if no MUST failed, 1 if one failed, 2 for a usage error, 3 if Proctor itself failed. With --baseline
    it is 1 only if a result is worse than in the baseline; with --strict-baseline also if an expected failure did not
    occur. With --json the results go to stdout, one object for one
    TARGET or a list for several, and everything else goes to stderr.

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
    words += ["--full"] if full else []
    words += [] if schedules is None else [f"--explore-schedules={schedules}"]
    words += [f"--cases={cases}"] if cases else []
    words += ["-k", expression] if expression else []

    def run() -> int:
        if workers:
            words.extend(["-n", _valid_workers(workers)])
        if not (baseline or is_strict or quiet or as_json):
            return _run_suite([*words, *([f"--results={results}"] if results else [])])
        return _run_with_results(words, results, Gate(baseline, is_strict), quiet, as_json)

    run_reporting_errors(run)


def _valid_workers(workers: str) -> str:
    """Return the value of -n; UsageError if it is not a number, or higher than any machine has room for."""
    if workers not in ("auto", "logical") and not (workers.isdecimal() and int(workers) <= MOST_WORKERS):
        raise UsageError(f"-n {workers}: not a number of workers; give one up to {MOST_WORKERS}, or 'auto'")
    return workers


class Gate(NamedTuple):
    """What results are compared with, if anything. is_strict: whether what was expected to fail has to."""

    baseline: Path | None
    is_strict: bool

    def status(self, results: Path, status: int) -> int:
        """Print the differences; return the exit status, where the suite alone would exit with this one."""
        if self.baseline:
            status = gate(results, self.baseline, self.is_strict)
        return (stale_deviations(results) if self.is_strict else 0) or status


def _run_with_results(words: list[str], results: str | None, compared: Gate, quiet: bool, as_json: bool) -> int:
    """Run the suite, print its results as --quiet, --json and --baseline say, and return the exit status."""
    if baseline := compared.baseline:
        for before in read(baseline):  # report a bad baseline now, not after the whole run
            same_specification(before, VERSION, str(baseline))
    with tempfile.TemporaryDirectory() as directory:
        written = Path(results or f"{directory}/results.json")
        last = _written_at(written)
        aside = io.StringIO() if quiet else sys.stderr if as_json else sys.stdout
        with contextlib.redirect_stdout(aside):  # pytest keeps the stream that it finds at its start
            status = _run_suite([*words, f"--results={written}"])
        is_judged = status in (0, FOUND)
        if is_judged:
            with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
                status = compared.status(written, status)
        if _written_at(written) == last:  # this run wrote no results; those in the file are from an earlier run
            if isinstance(aside, io.StringIO) and status == HARNESS_FAILED:
                click.echo(aside.getvalue(), err=True, nl=False)
            return status
        if as_json:
            click.echo(written.read_text(encoding="utf-8"), nl=False)
        elif quiet and not (baseline and is_judged):
            documents = read(written)
            if status == USAGE_ERROR:  # a target did not start its command; stderr has said so
                documents = [one for one in documents if all(r.verdict != "error" for r in one.requirements.values())]
            _print_problems(documents)
    return status


def _written_at(path: Path) -> int:
    """Return when a file was written; 0 if it does not exist."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _print_problems(documents: list[Results]) -> None:
    for document in documents:
        for name, row in document.requirements.items():
            if row.verdict in TOLD_WHEN_QUIET:
                why = row.violations[0].message if row.violations else row.reason
                click.echo(harmless(f"{name:10} {row.level:8} {SIGNS[row.verdict]:9} {' '.join(why.split())}"))
        click.echo(harmless(f"{document.target.name}: {counts(document.requirements)}"))


class _InterruptionStatus:
    """Tells Ctrl-C from a module that cannot be imported and from a usage error: pytest's exit status is 2 for each.
    has_begun: whether pytest got as far as its session, so that it prints a summary."""

    status: int | None = None
    has_begun = False

    def pytest_sessionstart(self) -> None:
        """Note that it has begun."""
        self.has_begun = True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Store the exit status of the interruption."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            self.status = HARNESS_FAILED
        elif isinstance(excinfo.value, KeyboardInterrupt):
            self.status = INTERRUPTED


def _run_suite(words: list[str]) -> int:
    # A pytest.ini or conftest.py in the working directory, and PYTEST_*, are meant for the user's own tests
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_TIMEOUT"):
        os.environ.pop(name, None)
    os.environ[REPEAT_BY] = "proctor"
    # not resolved: through the link in src/proctor, pytest names the modules proctor.conformance.*, as in a wheel
    rooms = Path(__file__).absolute().parent.parent
    fixed = [str(rooms), "-c", os.devnull, f"--rootdir={rooms.parent}", "-p", "no:cacheprovider"]
    # plain: pytest cannot rewrite modules that are already imported, and would warn; cases have no assert
    fixed += ["--assert=plain"]
    fixed += ["-p", "no:tmpdir", "--strict-markers"]  # xdist would leave a directory of its workers behind
    interruption = _InterruptionStatus()
    status = int(pytest.main([*fixed, *words], plugins=[interruption]))
    if interruption.status == INTERRUPTED and not interruption.has_begun:
        click.echo("proctor: interrupted before the first case", err=True)
    if interruption.status is not None:
        return interruption.status
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        expression = words[words.index("-k") + 1] if "-k" in words else ""
        if not not_selected(exact_ids(expression), nothing_ran=True):  # else the suite has said it
            click.echo("proctor: -k selects no case; `proctor spec` lists the requirements that it can name", err=True)
        return USAGE_ERROR
    return USAGE_ERROR if status == pytest.ExitCode.USAGE_ERROR else status
