"""Violations that follow from another: one fault of a launcher often breaks several requirements.

A rule stands here only where it is certain: the violation shows the same fact as its cause, in other circumstances. A
violation that follows from another is still a violation, and its requirement still fails.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from proctor.harness import signals
from proctor.harness.errors import UsageError
from proctor.harness.schedule import Deliver, parse
from proctor.reports.results import Row, RowViolation

Fact = Hashable
SEVEN = frozenset(signals.name(number) for number in signals.COMMON_SIGNALS)


class CauseRule(NamedTuple):
    """Violations that follow from a cause.

    requirements: of the violations; codes: theirs, without the requirement. cause: the code of the cause, with the
    requirement. fact: returns which fact a violation shows, None for none; by_cause: the same for the cause. A
    violation follows from the cause that shows the same fact.
    """

    requirements: tuple[str, ...]
    codes: tuple[str, ...]
    cause: str
    fact: Callable[[RowViolation], Fact]
    by_cause: Callable[[RowViolation], Fact]


def _signal(one: RowViolation) -> Fact:
    """The signal that the command did not receive."""
    return one.parameters.get("signal")


def _fatal(one: RowViolation) -> Fact:
    """The signal of which the launcher died: it does not catch it."""
    end = one.parameters.get("end")
    return end if isinstance(end, str) and end.startswith("SIG") else None


def _fatal_and_command_left(one: RowViolation) -> Fact:
    """The same, where only the history tells it, and the command is what was left."""
    return one.launcher_end if one.parameters.get("process") == "command" else None


def _delivered(one: RowViolation) -> Fact:
    """The one signal that the launcher was sent under the explorer's schedule."""
    try:
        actions = [directive.action for directive in parse("\n".join(one.schedule.split("; "))).directives]
    except UsageError:
        return None
    numbers = {action.signal for action in actions if isinstance(action, Deliver) and action.to == "launcher"}
    return signals.name(numbers.pop()) if len(numbers) == 1 else None


def _status(one: RowViolation) -> Fact:
    """The status of the command, and what the launcher made of it."""
    both = one.parameters.get("status"), one.parameters.get("end")
    return both if None not in both else None


DIES, KEEPS, OTHER_STATUS = "SIG-1/ended-before-command", "SIG-1/not-delivered", "EXIT-1/wrong-status"
RULES = (
    # It dies of a signal that it does not catch, and leaves the command: so it does wherever this signal comes
    CauseRule(("SIG-2", "SIG-3", "SIG-5", "SIG-10", "TTY-1", "TTY-2"), ("ended-before-command",), DIES, _fatal, _fatal),
    CauseRule(("EXIT-7", "SIG-7"), ("wrong-status",), DIES, _fatal, _fatal),
    CauseRule(("TREE-1",), ("process-left",), DIES, _fatal_and_command_left, _fatal),
    CauseRule(("SIG-6",), ("command-outlives",), DIES, _delivered, _fatal),
    # It does not forward a signal
    CauseRule(("SIG-3", "SIG-9", "SIG-10"), ("not-delivered", "timed-out"), KEEPS, _signal, _signal),
    # It makes another status of the command's
    CauseRule(
        ("EXIT-2", "EXIT-5", "EXIT-6", "EXIT-7", "SIG-7", "INHERIT-1", "TREE-7"), ("wrong-status",), OTHER_STATUS,
        _status, _status,
    ),
)  # fmt: skip
FORWARDS_NOTHING = ("SIG-4", "not-delivered", KEEPS)
"""A launcher that forwards none of the seven signals of SIG-1 forwards nothing at all."""


def with_causes(rows: Mapping[str, Row]) -> dict[str, Row]:
    """Return the rows of a target in which each violation that follows from another names it. A declared deviation is
    no cause: it is not shown, so what follows from it has to be."""
    failed = [row for row in rows.values() if row.verdict == "fail"]
    stable = [one for row in failed for one in row.violations if not one.is_unstable]
    return {name: _with_causes(name, row, stable) for name, row in rows.items()}


def _with_causes(requirement: str, row: Row, all_: list[RowViolation]) -> Row:
    if row.verdict != "fail":
        return row
    told = [msgspec.structs.replace(one, follows_from=_cause(requirement, one, all_)) for one in row.violations]
    return msgspec.structs.replace(row, violations=told)


def _cause(requirement: str, one: RowViolation, all_: Iterable[RowViolation]) -> str:
    """Return the code of the violation from which this one follows; "" if it is its own matter."""
    if one.is_unstable:
        return ""
    for rule in RULES:
        if requirement in rule.requirements and one.short_code in rule.codes:
            fact = rule.fact(one)
            if fact is not None and any(rule.by_cause(other) == fact for other in all_ if other.code == rule.cause):
                return rule.cause
    if (requirement, one.short_code) == FORWARDS_NOTHING[:2]:
        lost = {other.parameters.get("signal") for other in all_ if other.code == FORWARDS_NOTHING[2]}
        return FORWARDS_NOTHING[2] if lost >= SEVEN else ""
    return ""
