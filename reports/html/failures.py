"""The view of a failure: what its page shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from typing import NamedTuple

from markupsafe import Markup

from proctor.harness.errors import UsageError
from proctor.harness.history import (
    Held,
    History,
    HungUp,
    Pressed,
    Released,
    Resized,
    Sent,
    TraceStarted,
    Typed,
    WaitFailed,
)
from proctor.harness.violation import Violation
from proctor.harness.words import describe, is_dull
from proctor.reports.grouping import Group, grouped
from proctor.reports.html.markup import slugs
from proctor.reports.html.packing import ScriptLibrary
from proctor.reports.html.stream_output import OutputChunk, output_chunks
from proctor.reports.narration import TextPart, steps
from proctor.reports.results import Failure, Launcher, RowViolation
from proctor.reports.timeline.layout import layout
from proctor.reports.timeline.svg import svg

BY_PROCTOR = (Sent, Pressed, Typed, Resized, HungUp, Held, Released, TraceStarted)
"""Facts about what Proctor did."""
ScriptMaker = Callable[[dict[str, object]], str]
"""Makes a script from a case file; raises UsageError with the reason if it cannot."""


class EventView(NamedTuple):
    """One event. by_proctor: whether Proctor caused it; cited: whether a violation cites it."""

    event: int
    milliseconds: float
    text: str
    by_proctor: bool
    cited: bool


class ExecutionView(NamedTuple):
    """One execution. left_out: the number of characters of its output that are not shown."""

    timeline: Markup
    events: tuple[EventView, ...]
    output: tuple[OutputChunk, ...]
    left_out: int


class FailureView(NamedTuple):
    """A failure. script_blocks: the numbers of the blocks of its script; if there is no script, "", and
    no_script_reason says why. case_file: "" if the results have none. file_stem: name of its files, without suffix."""

    failure: Failure
    violations: tuple[Violation, ...]
    steps: tuple[tuple[TextPart, ...], ...]
    launcher_run: ExecutionView
    bare: ExecutionView | None
    script_blocks: str
    no_script_reason: str
    case_file: str
    file_stem: str


def failure_view(failure: Failure, launcher: Launcher, script: ScriptMaker, scripts: ScriptLibrary) -> FailureView:
    """Return the view of a failure. script: makes a script from a case file; its blocks are added to `scripts`."""
    violations = tuple(failure.violations)
    directives = [line for line in failure.schedule.splitlines() if line.strip()]
    cited = {event for one in violations for event in one.events}
    script_blocks, no_script_reason = _script_blocks(failure, script, scripts)
    return FailureView(
        failure,
        violations,
        tuple(steps(launcher.command, failure.history.scenario, directives, _failed_step(failure.history))),
        _execution_view(failure.history, f"Timeline of {launcher.name}, {failure.requirement}", cited),
        _execution_view(failure.bare, f"Timeline of the bare command, {failure.requirement}") if failure.bare else None,
        script_blocks,
        no_script_reason,
        json.dumps(failure.case_file, indent=2) if failure.case_file else "",
        slugs([f"{launcher.name}-{failure.requirement}".lower()])[0],
    )


def _failed_step(history: History) -> int | None:
    """Return the index of the step whose wait failed; None if no wait failed."""
    return next((fact.step for fact in history.facts(WaitFailed)), None)


def other_violations(violations: list[RowViolation], failure: Failure | None) -> list[Group]:
    """Return the violations of a requirement that are not part of the failure, one group for those that are alike."""
    known = {(failure.case, str(one)) for one in failure.violations} if failure else set()
    return grouped(one for one in violations if (one.case, str(one)) not in known)


def _execution_view(history: History, title: str, cited: Set[int] | None = None) -> ExecutionView:
    """Return the view of an execution. cited: indexes of the events that violations cite; None for the bare command,
    whose timeline uses the style sheet of the timeline above it."""
    cited_events = cited or set()
    events = tuple(
        EventView(event.index, event.time * 1e3, text, isinstance(event.fact, BY_PROCTOR), event.index in cited_events)
        for event in history.events
        if (event.index in cited_events or not is_dull(event.fact)) and (text := describe(event.fact))
    )
    chunks, left_out = output_chunks(history)
    timeline = svg(layout(history, cited_events), title, style=cited is not None)
    return ExecutionView(Markup(timeline), events, tuple(chunks), left_out)  # svg() has escaped its text


def _script_blocks(failure: Failure, script: ScriptMaker, scripts: ScriptLibrary) -> tuple[str, str]:
    """Return the numbers of the script's blocks and "", or "" and the reason why there is no script."""
    if not failure.case_file:
        return "", "these results do not contain the case"
    try:
        return scripts.add(script(failure.case_file)), ""
    except UsageError as reason:
        return "", str(reason)
