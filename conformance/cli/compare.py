"""`proctor compare`, and the gate of `proctor check --baseline`."""

from __future__ import annotations

from pathlib import Path

import click

from proctor.conformance.cli.common import RESULTS, as_json, print_json, print_table, run_reporting_errors
from proctor.conformance.suite.terminal_report import escape
from proctor.reports.compare import VerdictChange, baseline_of, changes, is_worse, told
from proctor.reports.markdown import SIGNS
from proctor.reports.results import read, read_all

WORSE = 1


@click.command()
@RESULTS
@click.option("--all", "everything", is_flag=True, help="Requirements too on which all of them agree.")
@as_json
def compare(results: tuple[Path, ...], everything: bool, as_json: bool) -> None:
    """Show the verdicts of RESULTS side by side: launchers, or versions of one.

    \b
        proctor compare uv-0.6.14.json uv-0.13.8.json
        proctor compare before.json after.json --json | jq '.requirements | keys'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        documents = read_all(results)
        rows, told = [], {}
        for name in dict.fromkeys(name for one in documents for name in one.requirements):
            found = [one.requirements.get(name) for one in documents]
            verdicts = [row.verdict if row else "not built" for row in found]
            if set(verdicts) != {"not built"} and (everything or len(set(verdicts)) > 1):
                level = next(row.level for row in found if row)
                rows.append((name, level, *(f"{SIGNS[verdict]} {verdict}" for verdict in verdicts)))
                told[name] = verdicts
        titles = [one.title for one in documents]
        if as_json:
            print_json({"results": titles, "requirements": told})
        elif rows:
            print_table(("", "", *titles), rows)
        else:
            click.echo("all of them agree on every requirement; --all shows them")
        return 0

    run_reporting_errors(run)


def gate(results: Path, baseline: Path) -> int:
    """Compare results with a baseline, print what is other, and return the exit status: 1 where anything is worse."""
    known = read(baseline)
    found: list[VerdictChange] = []
    for after in read(results):
        before = baseline_of(known, after, str(baseline))
        now, was = after.target.name, before.target.name
        if was != now:
            click.echo(escape(f"compared with the results of another launcher: {now} with {was}"))
        found += changes(before, after)
    for line in told(found):
        click.echo(escape(line))
    click.echo("worse than the baseline" if is_worse(found) else "not worse than the baseline")
    return WORSE if is_worse(found) else 0
