"""A failure as the page tells it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Set
from typing import NamedTuple

from markupsafe import Markup

from proctor.harness.errors import UsageError
from proctor.harness.history import History, WaitFailed
from proctor.harness.words import describe, is_dull
from proctor.reports.html.packing import PackedTexts
from proctor.reports.html.prose import slugs
from proctor.reports.html.stream_output import OutputChunk, output
from proctor.reports.narration import TextPart, steps
from proctor.reports.results import Failure, Launcher, RowViolation
from proctor.reports.timeline.layout import layout
from proctor.reports.timeline.svg import svg

Script = Callable[[dict[str, object]], str]
"""Makes a script of a case file; raises WrongCall where it cannot, with the reason."""


class ViolationView(NamedTuple):
    """What is required and what came instead. where: under which schedule; events: where it is seen."""

    required: str
    actual: str
    where: str
    events: tuple[int, ...]


class EventView(NamedTuple):
    """One event. ours: whether we did it; objected: whether an objection is about it."""

    event: int
    milliseconds: float
    text: str
    ours: bool
    objected: bool


class ExecutionView(NamedTuple):
    """One execution. drawing: its timeline; left_out: characters of its output that are not shown."""

    drawing: Markup
    events: tuple[EventView, ...]
    output: tuple[OutputChunk, ...]
    left_out: int


class FailureView(NamedTuple):
    """A failure. blocks: of its script, by number, "" where there is none: why_not says why. file: its case file, ""
    where the results have none. name: what its files are called."""

    failure: Failure
    objections: tuple[ViolationView, ...]
    steps: tuple[tuple[TextPart, ...], ...]
    seen: ExecutionView
    bare: ExecutionView | None
    blocks: str
    why_not: str
    file: str
    name: str


def told(failure: Failure, launcher: Launcher, script: Script, library: PackedTexts) -> FailureView:
    """Return what is told of a failure."""
    objections = tuple(objection(one.message, one.events) for one in failure.violations)
    directives = [line for line in failure.schedule.splitlines() if line.strip()]
    objected = {event for one in objections for event in one.events}
    blocks, why_not = _script(failure, script, library)
    return FailureView(
        failure,
        objections,
        tuple(steps(launcher.command, failure.history.scenario, directives, _ended_at(failure.history))),
        _execution(failure.history, f"Timeline of {launcher.name}, {failure.requirement}", objected),
        _execution(failure.bare, f"Timeline of the bare command, {failure.requirement}") if failure.bare else None,
        blocks,
        why_not,
        json.dumps(failure.case_file, indent=2) if failure.case_file else "",
        slugs([f"{launcher.name}-{failure.requirement}".lower()])[0],
    )


def _ended_at(history: History) -> int | None:
    """Return the index of the step at which the script ended, for what was awaited did not come."""
    return next((fact.step for fact in history.facts(WaitFailed)), None)


def objection(message: str, events: Iterable[int] = ()) -> ViolationView:
    """Take a message apart. That of the explorer has another one in it: under which schedule, and what came of it."""
    required, found, actual = message.removeprefix("required: ").partition("; actual: ")
    if not found:
        return ViolationView("", message, "", tuple(events))
    where = ""
    if actual.startswith("required: ") and "; actual: " in actual:
        where = re.sub(r"^[A-Z]+-\d+, ", "", required)  # it stands above already
        required, _, actual = actual.removeprefix("required: ").partition("; actual: ")
    return ViolationView(required, actual, where, tuple(events))


def others(violations: list[RowViolation], failure: Failure | None) -> dict[str, list[ViolationView]]:
    """Return what else was objected to, by case: what stands in the row of a failure beside it."""
    known = {(failure.case, one.message) for one in failure.violations} if failure else set()
    cases: dict[str, list[ViolationView]] = {}
    for one in violations:
        if (one.case, one.message) not in known:
            cases.setdefault(one.case, []).append(objection(one.message, one.events))
    return cases


def _execution(history: History, title: str, objected: Set[int] | None = None) -> ExecutionView:
    """Return what is told of an execution. objected: the events that an objection is about; None for the bare command,
    whose drawing has no style of its own: it stands below another one."""
    told_of = objected or set()
    events = tuple(
        EventView(event.index, event.time * 1e3, text, text.startswith("we "), event.index in told_of)
        for event in history.events
        if (event.index in told_of or not is_dull(event.fact)) and (text := describe(event.fact))
    )
    chunks, left_out = output(history)
    drawing = svg(layout(history, told_of), title, style=objected is not None)
    return ExecutionView(Markup(drawing), events, tuple(chunks), left_out)  # what is in it is escaped there


def _script(failure: Failure, script: Script, library: PackedTexts) -> tuple[str, str]:
    """Return the script's blocks, or why there is none."""
    if not failure.case_file:
        return "", "these results were written without the case itself"
    try:
        return library.add(script(failure.case_file)), ""
    except UsageError as reason:
        return "", str(reason)
