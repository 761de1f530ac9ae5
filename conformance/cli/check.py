"""`proctor check`: the suite, as one command from any directory, and the gate."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

import click
import pytest

from proctor.conformance.cli.common import as_json, complete_targets, quiet, run_reporting_errors
from proctor.conformance.cli.compare import gate
from proctor.conformance.cli.exits import FOUND, HARNESS_FAILED, INTERRUPTED, USAGE_ERROR
from proctor.conformance.spec import VERSION
from proctor.conformance.suite.terminal_report import REPEAT_BY, SIGNS, counts
from proctor.harness.target import PROFILES
from proctor.harness.words import harmless
from proctor.reports.compare import same_specification
from proctor.reports.results import Results, read

MOST_WORKERS = 256
AMISS = ("fail", "error", "unstable")


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=complete_targets)
@click.option("--full", is_flag=True, help="All values on slow launchers as well, no samples.")
@click.option(
    "--profile", "profiles", multiple=True, type=click.Choice(PROFILES), help="Claim this profile too (repeatable)."
)
@click.option("--results", metavar="FILE", type=click.Path(dir_okay=False), help="Write the results as JSON.")
@click.option("--cases", metavar="DIRECTORY", type=click.Path(file_okay=False), help="Keep the case of each violation.")
@click.option(
    "--baseline", metavar="RESULTS", type=click.Path(path_type=Path),
    help="Fail for what is worse than in these results, and for nothing else.",
)  # fmt: skip
@click.option("-n", "workers", metavar="N", help="Run on this many workers; 'auto' for one on each core.")
@click.option("-k", "expression", metavar="EXPR", help="Only these requirements or cases, such as 'SIG-1 or TTY-3'.")
@quiet
@as_json
def check(
    targets: tuple[str, ...], full: bool, profiles: tuple[str, ...], results: str | None, cases: str | None,
    baseline: Path | None, workers: str | None, expression: str | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run the suite on each TARGET: an executable, a command line, a TOML, or a name that `proctor targets` lists.

    Exits 0 when no MUST failed, 1 when one did, 2 for a wrong call, 3 when the harness itself failed. With --baseline
    it is a gate: 1 when anything is worse than there. --json prints the results; all else then goes to stderr.

    \b
        proctor check ./my-launcher
        proctor check tini -k 'SIG-1 or TTY-3'
        proctor check 'uv run --no-project --' --cases found -n auto
        proctor check ./my-launcher --results now.json --baseline released.json
        proctor check tini dumb-init --json | jq '.[].summary.MUST'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    words = [f"--target={target}" for target in targets]
    words += [f"--profile={profile}" for profile in profiles]
    words += ["--full"] if full else []
    words += [f"--cases={cases}"] if cases else []
    words += ["-n", _checked(workers)] if workers else []
    words += ["-k", expression] if expression else []

    def run() -> int:
        if not (baseline or quiet or as_json):
            return _run_suite([*words, *([f"--results={results}"] if results else [])])
        return _with_results(words, results, baseline, quiet, as_json)

    run_reporting_errors(run)


def _checked(workers: str) -> str:
    """Return what -n is given; raise click.UsageError where it is no number, or no machine has room for it."""
    if workers not in ("auto", "logical") and not (workers.isdecimal() and int(workers) <= MOST_WORKERS):
        raise click.UsageError(f"-n {workers}: a number of workers up to {MOST_WORKERS}, or 'auto'")
    return workers


def _with_results(words: list[str], results: str | None, baseline: Path | None, quiet: bool, as_json: bool) -> int:
    """Run the suite, and print of its results what is asked for; return the exit status."""
    if baseline:
        for before in read(baseline):  # what is wrong with it is told now, not when all has been run
            same_specification(before, VERSION, str(baseline))
    with tempfile.TemporaryDirectory() as directory:
        written = Path(results or f"{directory}/results.json")
        last = _when(written)
        aside = io.StringIO() if quiet else sys.stderr if as_json else sys.stdout
        with contextlib.redirect_stdout(aside):  # pytest holds on to the stream that it finds when it starts
            status = _run_suite([*words, f"--results={written}"])
        is_judged = baseline is not None and status in (0, FOUND)
        if baseline and is_judged:
            with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
                status = gate(written, baseline)
        if _when(written) == last:  # there are no results; those in the file are of another run
            if isinstance(aside, io.StringIO) and status == HARNESS_FAILED:
                click.echo(aside.getvalue(), err=True, nl=False)
            return status
        if as_json:
            click.echo(written.read_text(encoding="utf-8"), nl=False)
        elif quiet and not is_judged:
            _say_what_is_amiss(read(written))
    return status


def _when(path: Path) -> int:
    """Return when a file was written, 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _say_what_is_amiss(documents: list[Results]) -> None:
    for document in documents:
        for name, row in document.requirements.items():
            if row.verdict in AMISS:
                why = row.violations[0].message if row.violations else row.reason
                click.echo(harmless(f"{name:10} {row.level:8} {SIGNS[row.verdict]:9} {' '.join(why.split())}"))
        click.echo(harmless(f"{document.target.name}: {counts(document.requirements)}"))


class _Interruption:
    """Tells Ctrl-C, a module that cannot be imported and a wrong call apart: pytest's exit status is 2 for each.
    has_begun: whether pytest prints a summary, which tells what was done."""

    status: int | None = None
    has_begun = False

    def pytest_sessionstart(self) -> None:
        """Note that it has begun."""
        self.has_begun = True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what it was; what pytest.exit() was called for has its status already."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            self.status = HARNESS_FAILED
        elif isinstance(excinfo.value, KeyboardInterrupt):
            self.status = INTERRUPTED


def _run_suite(words: list[str]) -> int:
    # What lies about where the user stands (a pytest.ini, a conftest, PYTEST_ADDOPTS) is meant for other tests
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_TIMEOUT"):
        os.environ.pop(name, None)
    os.environ[REPEAT_BY] = "proctor"
    # not resolved: by the link in src/proctor pytest calls the modules proctor.conformance.*, as in a wheel
    rooms = Path(__file__).absolute().parent.parent
    fixed = [str(rooms), "-c", os.devnull, f"--rootdir={rooms.parent}", "-p", "no:cacheprovider"]
    # plain: what is imported by now cannot be rewritten, of which pytest would warn; cases assert nothing
    fixed += ["--assert=plain"]
    fixed += ["-p", "no:tmpdir", "--strict-markers"]  # xdist would make a directory for its workers, and leave it
    interruption = _Interruption()
    status = int(pytest.main([*fixed, *words], plugins=[interruption]))
    if interruption.status == INTERRUPTED and not interruption.has_begun:
        click.echo("proctor: interrupted before the first case", err=True)
    if interruption.status is not None:
        return interruption.status
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        click.echo("proctor: no case was selected; `proctor spec` lists the requirements that -k may name", err=True)
        return USAGE_ERROR
    return USAGE_ERROR if status == pytest.ExitCode.USAGE_ERROR else status
