"""`proctor report`: makes a report from results files. It runs no launcher."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from proctor.conformance.cli.common import results_argument, run_reporting_errors
from proctor.conformance.cli.export import summary_of
from proctor.conformance.judging.casefile import CaseFile, checked
from proctor.conformance.spec import requirements
from proctor.harness.errors import UsageError
from proctor.harness.strict import convert
from proctor.harness.words import harmless_json
from proctor.reports.asciicast import asciicast
from proctor.reports.badge import badge
from proctor.reports.filtering import selected
from proctor.reports.junit import junit
from proctor.reports.markdown import summary
from proctor.reports.perfetto import perfetto
from proctor.reports.reproducer.script import reproducer
from proctor.reports.results import Results, read_all


def _page(documents: list[Results]) -> str:
    from proctor.reports.html.page import html  # importing jinja2 is slow, and only this format needs it

    return html(documents, script_of)


FORMATS: dict[str, Callable[[list[Results]], str]] = {
    "html": _page,
    "junit": junit,
    "markdown": summary,
    "json": lambda documents: harmless_json(
        msgspec.json.format(msgspec.json.encode(documents), indent=2).decode() + "\n"
    ),
    "badge": lambda documents: badge(_only_one(documents)),
    "perfetto": perfetto,
    "asciicast": asciicast,
}
FORMATS_OF_FAILURES = ("perfetto", "asciicast")
"""Formats that show failures, not requirements."""


@click.command()
@results_argument
@click.option("--format", "kind", type=click.Choice(tuple(FORMATS)), default="markdown", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH", help="Write the report to PATH, not to stdout."
)
@click.option("--target", default="", metavar="NAME", help="Include only the results of this launcher.")
@click.option("--requirement", default="", metavar="ID", help="For perfetto and asciicast: include only this failure.")
def report(results: tuple[Path, ...], kind: str, output: Path | None, target: str, requirement: str) -> None:
    """Make a report from RESULTS: files that `proctor check --results` or `proctor explore --results` wrote.

    Exit status: 0 if the report was made, whatever the verdicts are, 2 for a usage error.

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
        if requirement and kind not in FORMATS_OF_FAILURES:
            known = " and ".join(FORMATS_OF_FAILURES)
            raise UsageError(f"--requirement={requirement}: works with --format {known}, not with {kind}; leave it out")
        text = FORMATS[kind](selected(read_all(results), target, requirement.upper()))
        if output:
            if any(output.exists() and output.samefile(one) for one in results):
                raise UsageError(f"-o {output}: this is one of the results files; name another file")
            _write(output, text)
        else:
            click.echo(text, nl=False)
        return 0

    run_reporting_errors(run)


def script_of(case: dict[str, object]) -> str:
    """Return the script for a case file; UsageError with the reason if a script cannot show this case."""
    known = checked(convert(case, CaseFile, "the case"), "the case")
    if known.requirement not in requirements():
        raise UsageError(f"this Proctor has no requirement '{known.requirement}'")
    return reproducer(summary_of(known))


def _only_one(documents: list[Results]) -> Results:
    if len(documents) > 1:
        names = ", ".join(document.target.name for document in documents)
        raise UsageError(
            f"a badge shows one launcher, but the results have {len(documents)}: {names}; add --target NAME"
        )
    return documents[0]


def _write(path: Path, text: str) -> None:
    """Write a report completely or not at all. A file that is not regular, such as a pipe, is written directly."""
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
        raise UsageError(f"{path}: {error.strerror}; name a file that can be written") from None
