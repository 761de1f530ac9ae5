"""Failures in the terminal: one case of each kind in full, and in a line what is the same as it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from proctor.conformance.exploring.campaign_verdict import UNDISTURBED
from proctor.conformance.judging.evidence import REPEATS, replay_command
from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.spec import Requirement
from proctor.harness.violation import Violation
from proctor.harness.words import harmless
from proctor.reports.grouping import Group, grouped
from proctor.reports.results import Row, RowViolation

REPEAT_BY = "PROCTOR_REPEAT_BY"
"""Environment variable that `proctor check` sets, also for its workers: outside of a checkout there is no conformance/
to name in the line `repeat`."""

escape = harmless
"""Applied to text from outside before it is printed."""


class Block(NamedTuple):
    """One case that is shown in full, with the kinds of violations that it is the example of."""

    result: CaseResult
    groups: tuple[Group, ...]


def explain(result: CaseResult, requirement: Requirement, repeat: str) -> str:
    """Return the text of one case without a pass: requirement, required and actual, events, and the command that
    repeats it."""
    lines = [_title(requirement), f"  launcher: {result.target}"]
    for violation in result.judgement.violations:
        lines += _violated(violation)
    return escape("\n".join([*lines, *_rest(result, repeat)]))


def blocks(row: Row, cases: Iterable[CaseResult]) -> list[Block]:
    """Return what is shown of a requirement: as few cases as are needed to have an example of each kind of violation,
    and of those the shortest. What follows from another requirement is not in it."""
    by_case = {case.case: case for case in cases if case.judgement.violations}
    left = [group for group in grouped(one for one in row.violations if not one.follows_from) if _cases(group, by_case)]
    shown = []
    while left:
        best = max(by_case, key=lambda case: (_number(left, case), -len(by_case[case].judgement.timeline)))
        has = [group for group in left if best in _cases(group, by_case)]
        shown.append(Block(by_case[best], tuple(_with_example_in(group, best) for group in has)))
        left = [group for group in left if group not in has]
    return shown


def _cases(group: Group, by_case: Mapping[str, CaseResult]) -> set[str]:
    return {one.case for one in group.violations} & by_case.keys()


def _number(groups: Iterable[Group], case: str) -> int:
    """Return of how many groups a case has an example."""
    return sum(any(one.case == case for one in group.violations) for group in groups)


def _with_example_in(group: Group, case: str) -> Group:
    """Return the group with a violation of this case as its example."""
    first = next(one for one in group.violations if one.case == case)
    return Group((first, *(one for one in group.violations if one is not first)))


def told(block: Block, requirement: Requirement, repeat: Callable[[CaseResult], str], is_first: bool = True) -> str:
    """Return the text of a block. is_first: whether it is the first one of this requirement and launcher."""
    title = _title(requirement) if is_first else f"{requirement.id} ({requirement.level}), another kind of violation:"
    lines = [title, *([f"  launcher: {block.result.target}"] if is_first else [])]
    for group in block.groups:
        lines += _violated(group.example)
        lines += [f"  {the_same}"] if (the_same := group.the_same()) else []
    result = _as_played(block.result, block.groups[0].example)
    return escape("\n".join([*lines, *_rest(result, repeat(result))]))


def _as_played(result: CaseResult, example: RowViolation) -> CaseResult:
    """Return the result of a case under the schedule of a violation: of several that the explorer found in a case, only
    one has its timeline there."""
    schedule = "" if example.schedule == UNDISTURBED else example.schedule.replace("; ", "\n")
    if schedule == result.judgement.schedule:
        return result
    judgement = msgspec.structs.replace(result.judgement, schedule=schedule, timeline=())
    return msgspec.structs.replace(result, judgement=judgement, file="")


def consequences(rows: Mapping[str, Row], requirement: str) -> dict[str, list[RowViolation]]:
    """Return the violations of other requirements that follow from this one, by requirement."""
    found = {
        name: [one for one in row.violations if one.follows_from.partition("/")[0] == requirement]
        for name, row in rows.items()
    }
    return {name: ones for name, ones in found.items() if ones}


def also_fail(rows: Mapping[str, Row], requirement: str) -> list[str]:
    """Return the lines that say which requirements fail for the reason of this one; none where there are none."""
    lines = []
    for name, ones in consequences(rows, requirement).items():
        number = len({one.case for one in ones})
        codes = ", ".join(dict.fromkeys(one.short_code for one in ones))
        beside = "" if rows[name].causes else "; it has violations of its own too"
        lines.append(f"  {name} ({rows[name].level}): {codes}, {number} case{'s' if number > 1 else ''}{beside}")
    return [f"for the same reason as {requirement} these fail too:", *lines] if lines else []


def _title(requirement: Requirement) -> str:
    return f"{requirement.id} ({requirement.level}): {requirement.sentence}"


def _violated(violation: Violation) -> list[str]:
    plural = "s" if len(violation.events) > 1 else ""
    events = f" (event{plural} {', '.join(map(str, violation.events))})" if violation.events else ""
    lines = [f"  schedule: {violation.schedule}"] if violation.schedule else []
    lines += [f"  code:     {violation.code}", f"  required: {violation.required}"]
    return [*lines, f"  actual:   {violation.actual}{events}"]


def _rest(result: CaseResult, repeat: str) -> list[str]:
    """Return the lines that follow the violations: what happened, and how to repeat it."""
    judgement = result.judgement
    lines = ["  what happened:", *(f"  {line}" for line in judgement.timeline)] if judgement.timeline else []
    if judgement.verdict == "unstable":
        lines.append(f"  UNSTABLE, not counted as a failure: {judgement.reason}")
    elif judgement.verdict == "error":
        first, *rest = judgement.reason.splitlines() or [""]
        lines += [f"  ERROR of Proctor, not of the launcher: {first}", *(f"    {line}" for line in rest)]
    lines.append(f"  repeat: {repeat}")
    return [*lines, f"  case:   {result.file}"] if result.file else lines


def repeat_command(result: CaseResult, asked: str, options: Sequence[str] = ()) -> str:
    """Return the command line that repeats this case on the same target, with these options of the suite."""
    is_unstable = result.judgement.verdict == "unstable"
    if is_unstable and result.file:
        return shlex.join(["proctor", "replay", result.file, *REPEATS])
    if result.judgement.schedule:
        return replay_command(asked, result.requirement, result.judgement.schedule, is_unstable)
    if os.environ.get(REPEAT_BY) == "proctor":
        return shlex.join(["proctor", "check", asked, *options, "-k", result.requirement])
    return shlex.join(["pytest", "conformance/", f"--target={asked}", *options, "-k", result.requirement])
