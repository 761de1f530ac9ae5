"""What is other between two results: for the gate, and side by side."""

from __future__ import annotations

from typing import Literal, NamedTuple

from proctor.harness.errors import UsageError, nearest
from proctor.harness.violation import Key
from proctor.reports.results import Results, Row, RowViolation, slug

Kind = Literal["worse", "better", "other", "new", "uncompared"]
BROKEN, HOLDS = ("fail",), ("pass",)
SEEN = ("pass", "fail", "declared deviation")
"""Verdicts of requirements whose violations were all seen."""
NOT_JUDGED = ("not run",)
TITLES: dict[Kind, str] = {
    "worse": "worse than the baseline", "better": "better", "other": "otherwise",
    "new": "fails, and the baseline says nothing of it, so it counts neither way",
    "uncompared": "not compared, because other cases were run for the baseline",
}  # fmt: skip


class VerdictChange(NamedTuple):
    """A requirement of which something is other now: its verdict, or what is violated. new, gone: the violations, by
    code and parameters, that were not there before, or are not there any more. uncompared: those of which nothing can
    be said, because their case was not run on both sides."""

    launcher: str
    requirement: str
    before: Row
    after: Row
    new: tuple[RowViolation, ...] = ()
    gone: tuple[RowViolation, ...] = ()
    uncompared: tuple[RowViolation, ...] = ()

    @property
    def kind(self) -> Kind:
        """worse: it is broken now, and was not, or not in this way. better: it was broken, or broken in more ways.
        other: what says nothing of the launcher alone, such as a verdict that the system does not allow any more, or
        that not everything was played. new: the baseline has no verdict, or its cases were not run for it. uncompared:
        there are violations in such cases only."""
        if self.before.verdict in NOT_JUDGED:
            return "new"
        if self.after.verdict in BROKEN:
            if self.new:
                return "worse"
            if self.before.verdict in BROKEN:
                return "better" if self.gone else "uncompared"
            return "new" if self._is_uncompared else "worse"
        if self.before.verdict in BROKEN and self.after.verdict in HOLDS:
            return "better"
        return "other"

    @property
    def _is_uncompared(self) -> bool:
        """Whether it fails only in cases that were not run for the baseline."""
        failing = {_mark(one) for one in self.after.violations if not one.is_unstable}
        return bool(failing) and failing <= {_mark(one) for one in self.uncompared}

    @property
    def is_same_verdict(self) -> bool:
        """Whether only the violations are others."""
        return self.before.verdict == self.after.verdict


def changes(before: Results, after: Results) -> list[VerdictChange]:
    """Return what is other, in the order of the requirements. What was not run now is left out; what fails now and was
    not run then is there."""
    found = []
    for name, row in after.requirements.items():
        was = before.requirements.get(name, Row(row.level, "not run"))
        if row.verdict in NOT_JUDGED or (was.verdict in NOT_JUDGED and row.verdict not in BROKEN):
            continue
        found += _changed(name, before, after, was, row)
    return found


def _changed(name: str, before: Results, after: Results, was: Row, row: Row) -> list[VerdictChange]:
    """Return what is other with one requirement. A violation is new only if one of its cases was run for the baseline
    too, and gone only if each of its cases was run now and decided."""
    ran_before, ran_now = _cases(was.ran, before), _cases(row.ran, after)
    undecided = _cases(row.undecided, after)
    more, fewer = _beside(was, row), _beside(row, was)
    known_then = {_mark(one) for one in row.violations if not ran_before or _case(one, after) in ran_before}
    unknown_now = {
        _mark(one)
        for one in was.violations
        if (ran_now and _case(one, before) not in ran_now) or _case(one, before) in undecided
    }
    new = tuple(one for one in more if _mark(one) in known_then)
    gone = tuple(one for one in fewer if row.verdict in SEEN and _mark(one) not in unknown_now)
    if row.verdict == was.verdict and not (row.verdict in BROKEN and (more or fewer)):
        return []
    uncompared = tuple(one for one in (*more, *fewer) if one not in (*new, *gone))
    return [VerdictChange(after.target.name, name, was, row, new, gone, uncompared)]


def _cases(names: list[str], of: Results) -> set[str]:
    return {_without_launcher(name, of.target.name) for name in names}


def _case(one: RowViolation, of: Results) -> str:
    return _without_launcher(one.case, of.target.name)


def _without_launcher(case: str, launcher: str) -> str:
    """Return the name of a case without that of its launcher: a baseline may be of another one."""
    test, _, values = case.partition("[")
    return f"{test}[{values.replace(slug(launcher), '', 1)}"


def _mark(one: RowViolation) -> tuple[Key, str, str]:
    """Return by what a violation is known again."""
    return one.key, one.stage, one.sent


def _beside(known: Row, row: Row) -> tuple[RowViolation, ...]:
    """Return the violations of a row that the other has not, by code, parameters, stage and what was sent. Those that
    did not come back in each replay do not count. Results of an older Proctor do not name the stage: there any is the
    same."""
    keys = set(map(_mark, known.violations))
    on_any_stage = {one.key for one in known.violations if not one.stage}
    different: dict[tuple[Key, str, str], RowViolation] = {}
    for one in row.violations:
        if not one.is_unstable:
            different.setdefault(_mark(one), one)
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
            lines += [f"    not compared: {_in_line(one)}" for one in change.uncompared if change.is_same_verdict]
    return lines


def _how(change: VerdictChange) -> str:
    if change.is_same_verdict:
        return f"{change.after.verdict}, as before, but not with the same violations:"
    why = ""
    if change.kind in ("worse", "new") and change.after.violations:
        why = f": {_in_line(change.after.violations[0])}"
    elif change.after.verdict == "partial" and change.after.reason:
        why = f": {change.after.reason}"
    return f"{change.before.verdict} -> {change.after.verdict}{why}"


def _in_line(one: RowViolation) -> str:
    where = ", ".join(filter(None, (one.stage, one.sent)))
    return f"{one.code}{f' ({where})' if where else ''}: {one.message}"


def is_worse(found: list[VerdictChange]) -> bool:
    """Whether anything got worse."""
    return any(change.kind == "worse" for change in found)


def new_errors(before: Results, after: Results) -> list[str]:
    """Return the requirements for which Proctor itself failed now, and did not fail for the baseline."""
    was = {name for name, row in before.requirements.items() if row.verdict == "error"}
    return [name for name, row in after.requirements.items() if row.verdict == "error" and name not in was]


def no_longer_fails(found: list[VerdictChange]) -> list[str]:
    """Return the expected failures that did not occur, a line for each: requirements that failed in the baseline and do
    not fail now, and violations that are gone. Only what was observed shows that."""
    lines = []
    for change in found:
        if change.kind == "better" and not change.is_same_verdict:
            lines.append(
                f"{change.launcher}: {change.requirement} failed in the baseline, and is {change.after.verdict} now"
            )
        elif change.gone:
            lines += [f"{change.launcher}: {_in_line(one)}" for one in change.gone]
    return lines
