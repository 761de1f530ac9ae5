"""`proctor export`: a case as a script of its own, or as the text of an issue."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from proctor.conformance.checks.allowed import NOT_COUNTED, allowed
from proctor.conformance.cli.common import run_reporting_errors
from proctor.conformance.exploring.replay import Replayer, launcher_here, needing_ptrace, needs_known
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.judge import timeline
from proctor.conformance.spec import requirements
from proctor.conformance.suite.terminal_report import escape
from proctor.reports.finding import FindingSummary
from proctor.reports.issue import markdown
from proctor.reports.reproducer.script import reproducer

Format = Literal["script", "markdown"]


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["script", "markdown"]), default="script", show_default=True,
    help="A Python file, or the text of an issue with that file in it.",
)  # fmt: skip
@click.option(
    "--play/--no-play", default=True, show_default=True,
    help="For markdown: play CASE once, so that the text tells what happens here, event by event.",
)  # fmt: skip
def export(case: Path, kind: Format, play: bool) -> None:
    """Print CASE as one Python file that needs nothing but the launcher.

    It runs on Linux with Python 3.8 or newer and the standard library alone. It exits 1 when the fault is there, 0 when
    it is not, 2 when it could not tell.

    \b
        proctor export proctor-cases/tini-tty-3.json > repro.py
        proctor export proctor-cases/tini-tty-3.json --format markdown > issue.md
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        saved = casefile.read(case)
        needs_known(saved, case)
        account = account_of(saved)
        script = reproducer(account)
        if kind == "markdown":
            told = _played(saved, case, account) if play else account
            click.echo(markdown(told, script), nl=False)
        else:
            click.echo(script, nl=False)
        return 0

    run_reporting_errors(run, lambda: "nothing was printed; --no-play makes the text without playing")


def account_of(case: CaseFile) -> FindingSummary:
    """Return what reports are made from."""
    requirement = requirements()[case.requirement]
    return FindingSummary(
        case.requirement, requirement.level, requirement.sentence, case.check, case.target, case.scenario,
        case.schedule, case.objections, case.versions, counts=_counts(case),
    )  # fmt: skip


def _counts(case: CaseFile) -> tuple[tuple[int, int, int], ...]:
    """Return how often the command may receive what it is sent: each number with the fewest and the most."""
    rules = allowed(case.scenario, case.schedule)
    return tuple((number, rule.least, rule.most) for number, rule in rules.items() if number not in NOT_COUNTED)


def _played(case: CaseFile, path: Path, account: FindingSummary) -> FindingSummary:
    """Return the account with what happened when the case was played just now, where the fault came back."""
    launcher = launcher_here(case, path, "add --no-play for the text without what happens")
    with needing_ptrace(case):
        told = Replayer(case, launcher).once()
    if told.objections:
        return account._replace(timeline=timeline(told.history))
    why = told.unsure or "everything was as required"
    click.echo(f"proctor: the fault did not come back just now ({escape(why)}), so the text has no history", err=True)
    return account
