"""`proctor compare`, and the comparison with a baseline for `proctor check --baseline`."""

from __future__ import annotations

from pathlib import Path

import click

from proctor.conformance.cli.common import json_option, print_json, print_table, results_argument, run_reporting_errors
from proctor.conformance.cli.exits import HARNESS_FAILED, USAGE_ERROR
from proctor.harness.errors import UsageError
from proctor.harness.words import harmless as escape
from proctor.reports.compare import VerdictChange, baseline_of, changes, is_worse, new_errors, no_longer_fails, told
from proctor.reports.grouping import shortened
from proctor.reports.markdown import SYMBOLS
from proctor.reports.results import Results, Verdict, read, read_all

WORSE = 1


@click.command()
@results_argument
@click.option("--all", "everything", is_flag=True, help="Also show the requirements on which all results agree.")
@json_option
def compare(results: tuple[Path, ...], everything: bool, as_json: bool) -> None:
    """Show the verdicts of RESULTS side by side: of several launchers, or of several versions of one.

    Exit status: 0 whether or not they differ, 2 for a usage error.

    \b
        proctor compare uv-0.6.14.json uv-0.13.8.json
        proctor compare before.json after.json --json | jq '.requirements | keys'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        documents = read_all(results)
        if len(documents) < 2:
            raise UsageError("only one result: nothing to compare; name two or more")
        rows, told = [], {}
        for name in dict.fromkeys(name for one in documents for name in one.requirements):
            found = [one.requirements.get(name) for one in documents]
            verdicts: list[Verdict] = [row.verdict if row else "not run" for row in found]
            if set(verdicts) != {"not run"} and (everything or len(set(verdicts)) > 1):
                level = next(row.level for row in found if row)
                rows.append((name, level, *(f"{SYMBOLS[verdict]} {verdict}" for verdict in verdicts)))
                told[name] = verdicts
        titles = [one.title for one in documents]
        if as_json:
            print_json({"results": titles, "requirements": told})
        elif rows:
            print_table(("", "", *titles), rows)
        else:
            click.echo("the results agree on every requirement; --all shows them")
        return 0

    run_reporting_errors(run)


def gate(results: list[Results], baseline: Path, is_strict: bool = False) -> int:
    """Compare results with a baseline, print the differences, and return the exit status: 1 if any is worse, else 2 or
    3 if something could not be judged that was judged for the baseline, else 0. is_strict: it is also 1 if an expected
    failure did not occur."""
    known = read(baseline)
    found: list[VerdictChange] = []
    errors, unjudged = [], 0
    for after in results:
        before = baseline_of(known, after, str(baseline))
        now, was = after.target.name, before.target.name
        if was != now:
            click.echo(escape(f"the baseline is of another launcher: {now} is compared with {was}"))
        found += changes(before, after)
        if failed := new_errors(before, after):
            unjudged = max(unjudged, USAGE_ERROR if after.was_not_started else HARNESS_FAILED)
            errors.append(f"{now}: not judged, because {_why(after)}: {shortened(failed)}")
    for line in told(found):
        click.echo(escape(line))
    missing = no_longer_fails(found) if is_strict else []
    for line in errors:
        click.echo(escape(line))
    if missing:
        click.echo("failures of the baseline that did not occur (make the baseline again):")
    for line in missing:
        click.echo(escape(f"  {line}"))
    if is_worse(found):
        click.echo("the gate fails: worse than the baseline")
    elif errors:
        click.echo("the gate fails: what was judged for the baseline could not be judged now")
    elif missing:
        click.echo("the gate fails: --strict-baseline, and expected failures did not occur")
    else:
        click.echo("not worse than the baseline")
    if is_worse(found) or (missing and not errors):
        return WORSE
    return unjudged


def _why(after: Results) -> str:
    return "the launcher did not start a command" if after.was_not_started else "Proctor itself failed"


def stale_deviations(results: list[Results]) -> int:
    """Say which declared deviations did not occur, for --strict-baseline; return the exit status: 1 if there is any."""
    stale = [(one.target.name, d) for one in results for d in one.deviations if d.is_stale]
    for name, deviation in stale:
        click.echo(escape(f"--strict-baseline: {name}: declared, but it does not occur: {deviation.declaration}"))
    return WORSE if stale else 0
