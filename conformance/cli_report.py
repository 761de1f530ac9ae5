"""`proctor report` and `proctor compare`: reports out of results, again at any time; nothing is played for them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from conformance.casefile import CaseFile
from conformance.cli_common import as_json, print_json, print_table, speak_of_errors
from conformance.cli_export import account_of
from conformance.report import escape
from conformance.spec import requirements
from harness.errors import WrongCall
from harness.strict import convert
from reports.asciicast import asciicast
from reports.badge import badge
from reports.choosing import chosen
from reports.compare import Change, baseline_of, changes, is_worse, told
from reports.junit import junit
from reports.perfetto import perfetto
from reports.reproducer.script import reproducer
from reports.results import Results, read, read_all
from reports.summary import SIGNS, summary


def _page(documents: list[Results]) -> str:
    from reports.html.page import html  # jinja2 takes its time, which no other command is to pay for

    return html(documents, script_of)


WORSE = 1
FORMATS: dict[str, Callable[[list[Results]], str]] = {
    "html": _page,
    "junit": junit,
    "markdown": summary,
    "json": lambda documents: msgspec.json.format(msgspec.json.encode(documents), indent=2).decode() + "\n",
    "badge": lambda documents: badge(_only_one(documents)),
    "perfetto": perfetto,
    "asciicast": asciicast,
}
OF_FAILURES = ("perfetto", "asciicast")
"""Formats that show failures, and not requirements."""
RESULTS = click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULTS...")


@click.command()
@RESULTS
@click.option("--format", "kind", type=click.Choice(tuple(FORMATS)), default="markdown", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="PATH", help="A file; else it is printed.")
@click.option("--target", default="", metavar="NAME", help="Only the results of this launcher.")
@click.option("--requirement", default="", metavar="ID", help="Of perfetto and asciicast: only this failure.")
def report(results: tuple[Path, ...], kind: str, output: Path | None, target: str, requirement: str) -> None:
    """Make a report of RESULTS, the files that `proctor check --results` writes.

    \b
        proctor check tini dumb-init --results results.json
        proctor report results.json --format html -o report.html
        proctor report results.json --format junit -o junit.xml
        proctor report results.json --format markdown >> "$GITHUB_STEP_SUMMARY"
        proctor report results.json --format badge -o proctor.svg
        proctor report results.json --format perfetto -o trace.json
        proctor report results.json --format asciicast --requirement TTY-3 -o tty-3.cast
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        if requirement and kind not in OF_FAILURES:
            raise WrongCall(f"--requirement={requirement}: goes with --format {' and '.join(OF_FAILURES)}, not {kind}")
        text = FORMATS[kind](chosen(read_all(results), target, requirement.upper()))
        if output:
            if any(output.exists() and output.samefile(one) for one in results):
                raise WrongCall(f"-o {output}: these are the results; name another file")
            _write(output, text)
        else:
            click.echo(text, nl=False)
        return 0

    speak_of_errors(run)


def script_of(case: dict[str, object]) -> str:
    """Return the script that shows what a case file shows; raise WrongCall where there can be none, with the reason."""
    known = convert(case, CaseFile, "the case")
    if known.requirement not in requirements():
        raise WrongCall(f"this Proctor knows no requirement '{known.requirement}'")
    return reproducer(account_of(known))


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

    speak_of_errors(run)


def gate(results: Path, baseline: Path) -> int:
    """Compare results with a baseline, print what is other, and return the exit status: 1 where anything is worse."""
    known = read(baseline)
    found: list[Change] = []
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


def _only_one(documents: list[Results]) -> Results:
    if len(documents) > 1:
        names = ", ".join(document.target.name for document in documents)
        raise WrongCall(f"a badge is of one launcher; these results are of {len(documents)}: {names}")
    return documents[0]


def _write(path: Path, text: str) -> None:
    """Write a report, whole or not at all; what is no regular file, such as a pipe, is written to."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        unfinished = path.with_name(path.name + ".part")
        try:
            unfinished.write_text(text, encoding="utf-8")
            os.replace(unfinished, path.resolve())
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise WrongCall(f"{path}: {error.strerror}; name a file that can be written") from None
