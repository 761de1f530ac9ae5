"""`proctor`: the suite, the targets and the requirements as one command."""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from pathlib import Path

import click
import pytest
from rich.console import Console
from rich.table import Table

from conformance.cli_bisect import bisect
from conformance.cli_explore import explore, replay, speak_of_errors
from conformance.cli_export import export
from conformance.cli_hunt import hunt
from conformance.cli_report import compare, gate, report
from conformance.probe import version_of
from conformance.spec import VERSION, Requirement, requirements
from harness.errors import HarnessError, WrongCall, nearest
from harness.strict import convert
from harness.target import PROFILES, Target, known_targets, load_toml
from reports.compare import same_specification
from reports.results import read

WRONG_CALL, HARNESS_FAILED, INTERRUPTED = 2, 3, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="launch-proctor", prog_name="proctor")
def main() -> None:
    """Judge process launchers by what they do to the commands that they start."""


@main.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
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
def check(
    targets: tuple[str, ...],
    full: bool,
    profiles: tuple[str, ...],
    results: str | None,
    cases: str | None,
    baseline: Path | None,
    workers: str | None,
    expression: str | None,
) -> None:
    """Run the suite on each TARGET: an executable, a command line, a TOML, or a name that `proctor targets` lists.

    Exits 0 when no MUST failed, 1 when one did, 2 for a wrong call, 3 when the harness itself failed. With --baseline
    it is a gate: 1 when anything is worse than there.

    \b
        proctor check tini -k 'SIG-1 or TTY-3'
        proctor check ./launcher --results now.json --baseline released.json
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    words = [f"--target={target}" for target in targets]
    words += [f"--profile={profile}" for profile in profiles]
    words += ["--full"] if full else []
    words += [f"--cases={cases}"] if cases else []
    words += ["-n", workers] if workers else []
    words += ["-k", expression] if expression else []
    if baseline is None:
        sys.exit(_run_suite([*words, *([f"--results={results}"] if results else [])]))
    speak_of_errors(lambda: _run_gate(words, baseline, results))


def _run_gate(words: list[str], baseline: Path, results: str | None) -> int:
    """Run the suite and compare; return the exit status."""
    for before in read(baseline):  # what is wrong with it is told now, not when all has been run
        same_specification(before, VERSION, str(baseline))
    with tempfile.TemporaryDirectory() as directory:
        written = Path(results or f"{directory}/results.json")
        status = _run_suite([*words, f"--results={written}"])
        return gate(written, baseline) if status in (0, 1) else status


class _Interruption:
    """Tells Ctrl-C, a module that cannot be imported and a wrong call apart: pytest's exit status is 2 for each."""

    status: int | None = None

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what it was; what pytest.exit() was called for has its status already."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            self.status = HARNESS_FAILED
        elif isinstance(excinfo.value, KeyboardInterrupt):
            self.status = INTERRUPTED


def _run_suite(words: list[str]) -> int:
    # What lies about where the user stands (a pytest.ini, a conftest, PYTEST_ADDOPTS) is meant for other tests
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    suite = Path(__file__).resolve().parent
    fixed = [str(suite), "-c", os.devnull, f"--rootdir={suite.parent}", "-p", "no:cacheprovider", "--strict-markers"]
    interruption = _Interruption()
    status = int(pytest.main([*fixed, *words], plugins=[interruption]))
    if interruption.status is not None:
        return interruption.status
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        click.echo("proctor: no case was selected; `proctor spec` lists the requirements that -k may name", err=True)
        return WRONG_CALL
    return WRONG_CALL if status == pytest.ExitCode.USAGE_ERROR else status


@main.command()
def targets() -> None:
    """List the launchers that are described, and which of them are installed here."""
    table = Table("name", "installed", "version", "description", box=None, pad_edge=False)
    for name, path in known_targets().items():
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        described = convert({"name": name, **data}, Target, str(path))
        try:
            installed: Target | None = load_toml(path)
        except WrongCall:
            installed = None
        how = "yes" if installed else f"install it with: {described.install}" if described.install else "no"
        table.add_row(name, how, version_of(installed) if installed else "", described.description)
    Console(soft_wrap=not sys.stdout.isatty()).print(table, markup=False)


@main.command()
@click.argument("name", required=False, metavar="[ID]")
def spec(name: str | None) -> None:
    """Print one requirement, with its reason and source, or list them all."""
    try:
        known = requirements()
    except HarnessError as error:
        click.echo(f"proctor: {error}", err=True)
        sys.exit(HARNESS_FAILED)
    if not name:
        for requirement in known.values():
            click.echo(f"{requirement.id:10} {requirement.level:8} {requirement.sentence}")
        return
    if name.upper() not in known:
        click.echo(f"proctor: there is no requirement '{name}'{nearest(name.upper(), known)}", err=True)
        sys.exit(WRONG_CALL)
    click.echo(_in_full(known[name.upper()]))


def _in_full(requirement: Requirement) -> str:
    return "\n".join(
        (
            f"{requirement.id} ({requirement.level}, profile {requirement.profile})",
            click.wrap_text(requirement.sentence, 90, "  ", "  "),
            click.wrap_text(f"Why: {requirement.why}", 90, "  ", "       "),
            click.wrap_text(f"Source: {requirement.source}", 90, "  ", "          "),
        )
    )


main.add_command(bisect)
main.add_command(explore)
main.add_command(replay)
main.add_command(hunt)
main.add_command(export)
main.add_command(report)
main.add_command(compare)

if __name__ == "__main__":
    main()
