"""`proctor export`: prints a case as a script, or as the text of an issue."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from proctor.conformance.checks.allowed import NOT_COUNTED, allowed
from proctor.conformance.cli.common import run_reporting_errors
from proctor.conformance.cli.consent import needs_consent, trust_option
from proctor.conformance.exploring.replay import (
    Replayer,
    launcher_on_this_system,
    ptrace_refusal_explained,
    reject_unknown_case,
)
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.judge import timeline
from proctor.conformance.spec import requirements
from proctor.harness.words import harmless as escape
from proctor.reports.finding import FindingSummary
from proctor.reports.issue import markdown
from proctor.reports.reproducer.script import reproducer

Format = Literal["script", "markdown"]


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["script", "markdown"]), default="script", show_default=True,
    help="script: a Python file. markdown: the text of an issue, with that file in it.",
)  # fmt: skip
@click.option(
    "--play/--no-play", default=True, show_default=True,
    help="For markdown: play CASE once, and include its events in the text.",
)  # fmt: skip
@trust_option
def export(case: Path, kind: Format, play: bool, trust: bool) -> None:
    """Print CASE as one Python script that needs only the launcher.

    The script runs on Linux with Python 3.8 or newer, without other packages. It exits with 1 if the fault is there,
    with 0 if it is not, and with 2 if the result is inconclusive.

    Nothing of CASE is run, but for --format markdown: its commands are shown, and run after you have agreed, or with
    --trust.

    \b
        proctor export proctor-cases/tini-tty-3.json > repro.py
        proctor export proctor-cases/tini-tty-3.json --format markdown > issue.md
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        saved = casefile.read(case)
        reject_unknown_case(saved, case)
        summary = summary_of(saved)
        script = reproducer(summary)
        if kind == "markdown":
            shown = _played(saved, case, summary, trust) if play else summary
            click.echo(markdown(shown, script), nl=False)
        else:
            click.echo(script, nl=False)
        return 0

    run_reporting_errors(run, lambda: "nothing was printed; --no-play prints the text without playing the case")


def summary_of(case: CaseFile) -> FindingSummary:
    """Return the summary of a case, from which scripts and reports are made."""
    requirement = requirements()[case.requirement]
    return FindingSummary(
        case.requirement, requirement.level, requirement.sentence, case.judged_by, case.target, case.scenario,
        case.schedule, case.objections, case.versions, counts=_counts(case), programs=case.programs,
    )  # fmt: skip


def _counts(case: CaseFile) -> tuple[tuple[int, int, int], ...]:
    """Return the valid counts of each signal that the command is sent: (signal number, fewest, most)."""
    rules = allowed(case.scenario, case.schedule)
    return tuple((number, rule.least, rule.most) for number, rule in rules.items() if number not in NOT_COUNTED)


def _played(case: CaseFile, path: Path, summary: FindingSummary, trust: bool) -> FindingSummary:
    """Play a case once; return its summary, with the timeline of this play if the fault came back."""
    launcher = launcher_on_this_system(case, path, "add --no-play to leave out the events")
    needs_consent(case, path, launcher, trust)
    with ptrace_refusal_explained(case):
        replay = Replayer(case, launcher).once()
    if replay.objections:
        return summary._replace(timeline=timeline(replay.history))
    why = replay.unsure or "the check had no objection"
    click.echo(
        f"proctor: the fault did not come back in this play ({escape(why)}), so the text has no events", err=True
    )
    return summary
