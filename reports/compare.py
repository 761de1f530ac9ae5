"""What is other between two results: for the gate, and side by side."""

from __future__ import annotations

from typing import Literal, NamedTuple

from proctor.harness.errors import UsageError, nearest
from proctor.reports.results import Results, Row

Kind = Literal["worse", "better", "other", "new"]
BROKEN, HOLDS = ("fail",), ("pass",)
NOT_JUDGED = ("not built",)
TITLES: dict[Kind, str] = {
    "worse": "worse than the baseline", "better": "better", "other": "otherwise",
    "new": "fails, and the baseline says nothing of it, so it counts neither way",
}  # fmt: skip


class VerdictChange(NamedTuple):
    """A requirement whose verdict is another one now, or of which the baseline says nothing."""

    launcher: str
    requirement: str
    before: Row
    after: Row

    @property
    def kind(self) -> Kind:
        """worse: it is broken now, and was not. better: it was broken, and holds. other: what says nothing of the
        launcher alone, such as a verdict that the system does not allow any more. new: the baseline has no verdict."""
        if self.before.verdict in NOT_JUDGED:
            return "new"
        if self.after.verdict in BROKEN:
            return "worse"
        if self.before.verdict in BROKEN and self.after.verdict in HOLDS:
            return "better"
        return "other"


def changes(before: Results, after: Results) -> list[VerdictChange]:
    """Return what is other, in the order of the requirements. What was not run now is left out; what fails now and was
    not run then is there."""
    found = []
    for name, row in after.requirements.items():
        was = before.requirements.get(name, Row(row.level, "not built"))
        is_new = was.verdict in NOT_JUDGED
        if row.verdict in NOT_JUDGED or row.verdict == was.verdict or (is_new and row.verdict not in BROKEN):
            continue
        found.append(VerdictChange(after.target.name, name, was, row))
    return found


def baseline_of(known: list[Results], after: Results, path: str) -> Results:
    """Return the results with which these are to be compared: of the launcher of this name, or of the only one there
    is. Raise WrongCall where there is none, or where they are of another version of the specification."""
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
    """Raise WrongCall where a baseline is of another version of the specification than this."""
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
            was = f"{change.before.verdict} -> {change.after.verdict}"
            why = ""
            if kind in ("worse", "new") and change.after.violations:
                why = f": {change.after.violations[0].message}"
            whose = f"{change.launcher}: " if several else ""
            lines.append(f"  {whose}{change.requirement} ({change.after.level}) {was}{why}")
    return lines


def is_worse(found: list[VerdictChange]) -> bool:
    """Whether anything got worse."""
    return any(change.kind == "worse" for change in found)
