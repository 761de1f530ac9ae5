"""What is other between two results: for the gate, and side by side."""

from __future__ import annotations

from typing import Literal, NamedTuple

from proctor.harness.errors import UsageError, nearest
from proctor.harness.violation import Key
from proctor.reports.results import Results, Row, RowViolation

Kind = Literal["worse", "better", "other", "new"]
BROKEN, HOLDS = ("fail",), ("pass",)
NOT_JUDGED = ("not built",)
TITLES: dict[Kind, str] = {
    "worse": "worse than the baseline", "better": "better", "other": "otherwise",
    "new": "fails, and the baseline says nothing of it, so it counts neither way",
}  # fmt: skip


class VerdictChange(NamedTuple):
    """A requirement of which something is other now: its verdict, or what is violated. new, gone: the violations, by
    code and parameters, that were not there before, or are not there any more."""

    launcher: str
    requirement: str
    before: Row
    after: Row
    new: tuple[RowViolation, ...] = ()
    gone: tuple[RowViolation, ...] = ()

    @property
    def kind(self) -> Kind:
        """worse: it is broken now, and was not, or not in this way. better: it was broken, or broken in more ways.
        other: what says nothing of the launcher alone, such as a verdict that the system does not allow any more, or
        that not everything was played. new: the baseline has no verdict."""
        if self.before.verdict in NOT_JUDGED:
            return "new"
        if self.after.verdict in BROKEN:
            return "worse" if self.new or self.before.verdict not in BROKEN else "better"
        if self.before.verdict in BROKEN and self.after.verdict in HOLDS:
            return "better"
        return "other"

    @property
    def is_same_verdict(self) -> bool:
        """Whether only the violations are others."""
        return self.before.verdict == self.after.verdict


def changes(before: Results, after: Results) -> list[VerdictChange]:
    """Return what is other, in the order of the requirements. What was not run now is left out; what fails now and was
    not run then is there."""
    found = []
    for name, row in after.requirements.items():
        was = before.requirements.get(name, Row(row.level, "not built"))
        if row.verdict in NOT_JUDGED or (was.verdict in NOT_JUDGED and row.verdict not in BROKEN):
            continue
        new, gone = _beside(was, row), _beside(row, was)
        if row.verdict != was.verdict or (row.verdict in BROKEN and (new or gone)):
            found.append(VerdictChange(after.target.name, name, was, row, new, gone))
    return found


def _beside(known: Row, row: Row) -> tuple[RowViolation, ...]:
    """Return the violations of a row that the other has not, by code, parameters, stage and what was sent. Those that
    did not come back in each replay do not count. Results of an older Proctor do not name the stage: there any is the
    same."""
    keys = {(one.key, one.stage, one.sent) for one in known.violations}
    on_any_stage = {one.key for one in known.violations if not one.stage}
    different: dict[tuple[Key, str, str], RowViolation] = {}
    for one in row.violations:
        if not one.is_unstable:
            different.setdefault((one.key, one.stage, one.sent), one)
    return tuple(
        one
        for key, one in different.items()
        if key not in keys and one.key not in on_any_stage and not (not one.stage and _has(known, one))
    )


def _has(known: Row, violation: RowViolation) -> bool:
    """Whether a row has this violation, on whatever stage."""
    return any(one.key == violation.key for one in known.violations)


def baseline_of(known: list[Results], after: Results, path: str) -> Results:
    """Return the results with which these are to be compared: of the launcher of this name, or of the only one there
    is. UsageError if there is none, or if its specification has another version."""
    named = [one for one in known if one.target.name == after.target.name]
    if not named and len(known) == 1:
        named = known
    if not named:
        names = {one.target.name for one in known}
        like = nearest(after.target.name, names)
        raise UsageError(
            f"{path}: no results of {after.target.name} are in it{like}; it has {', '.join(sorted(names))}"
        )
    same_specification(named[0], after.spec.version, path)
    return named[0]


def same_specification(before: Results, version: int, path: str) -> None:
    """Raise UsageError if a baseline has another version of the specification than this Proctor."""
    if before.spec.version != version:
        raise UsageError(
            f"{path}: its results are of version {before.spec.version} of the specification, this is version {version}"
            ", and requirements of one number may not be the same. Make the baseline anew: proctor check "
            f"{before.target.name} --results {path}"
        )


def told(found: list[VerdictChange]) -> list[str]:
    """Say what is other: what got worse, with what is wrong; what got better; the rest."""
    lines = []
    several = len({change.launcher for change in found}) > 1
    for kind, title in TITLES.items():
        some = [change for change in found if change.kind == kind]
        if some:
            lines.append(f"{title}:")
        for change in some:
            whose = f"{change.launcher}: " if several else ""
            lines.append(f"  {whose}{change.requirement} ({change.after.level}) {_how(change)}")
            lines += [f"    new:  {_in_line(one)}" for one in change.new if change.is_same_verdict]
            lines += [f"    gone: {_in_line(one)}" for one in change.gone if change.is_same_verdict]
    return lines


def _how(change: VerdictChange) -> str:
    if change.is_same_verdict:
        return f"{change.after.verdict}, as before, but not with the same violations:"
    why = ""
    if change.kind in ("worse", "new") and change.after.violations:
        why = f": {_in_line(change.after.violations[0])}"
    elif change.after.verdict == "partial" and change.after.reason:
        why = f": {change.after.reason}"
    return f"{change.before.shown_verdict} -> {change.after.shown_verdict}{why}"


def _in_line(one: RowViolation) -> str:
    where = ", ".join(filter(None, (one.stage, one.sent)))
    return f"{one.code}{f' ({where})' if where else ''}: {one.message}"


def is_worse(found: list[VerdictChange]) -> bool:
    """Whether anything got worse."""
    return any(change.kind == "worse" for change in found)


def no_longer_fails(found: list[VerdictChange]) -> list[str]:
    """Return the expected failures that did not occur, a line for each: requirements that failed in the baseline and do
    not fail now, and violations that are gone. A partial result does not show that."""
    lines = []
    for change in found:
        if change.kind == "better" and not change.is_same_verdict:
            lines.append(
                f"{change.launcher}: {change.requirement} failed in the baseline, and is {change.after.verdict} now"
            )
        elif change.gone and change.after.verdict != "partial":
            lines += [f"{change.launcher}: {_in_line(one)}" for one in change.gone]
    return lines
