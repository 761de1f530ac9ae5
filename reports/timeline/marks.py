"""The marks of a timeline: which lane, kind and label each fact of a history gets."""

from __future__ import annotations

import unicodedata
import zlib
from typing import Literal, NamedTuple

from proctor.harness import signals
from proctor.harness.awaited import process_of
from proctor.harness.history import (
    Answered,
    CallNotStarted,
    ChoiceRefused,
    Continued,
    CpuUsed,
    DirectiveApplied,
    Ended,
    Fact,
    FilesChanged,
    FlagsChanged,
    Held,
    HelperReady,
    History,
    HungUp,
    LimitExceeded,
    Milestone,
    Notified,
    NotReached,
    NotStarted,
    Ordered,
    Output,
    PeerRefused,
    PipeClosed,
    PointReached,
    Pressed,
    Printed,
    ReadingResumed,
    ReadingStopped,
    Reaped,
    Received,
    Released,
    Resized,
    RestRead,
    Sent,
    SignalCall,
    Started,
    StepTaken,
    Stopped,
    TempFilesLeft,
    TerminalState,
    Typed,
    Unobserved,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.scenario import Type, WaitOutput
from proctor.harness.schedule import Hold
from proctor.harness.words import comes, harmless
from proctor.reports.timeline.lanes import LAUNCHER, OUTPUT, PROCTOR, TERMINAL, Lanes

MarkKind = Literal[
    "start", "sent", "received", "key", "order", "report", "stop", "continue", "end", "hold", "point", "call", "output",
    "missed", "trouble", "note",
]  # fmt: skip
MAX_LABEL = 22
"""Characters. The tooltip has the full text."""


class MarkSpec(NamedTuple):
    """The mark of a fact in one lane."""

    lane: int
    kind: MarkKind
    label: str = ""


def short_label(text: str, most: int = MAX_LABEL) -> str:
    """Return text as a label: one line, safe to print, without combining characters."""
    flat = "".join(c for c in harmless(" ".join(text.split())) if unicodedata.category(c) not in ("Mn", "Me"))
    return flat if len(flat) <= most else flat[: most - 3] + "..."


class MarkRules:
    """Finds the marks for the facts of one history."""

    def __init__(self, history: History, lanes: Lanes) -> None:
        self._lanes = lanes
        typed = [step.data for step in history.scenario.steps if isinstance(step, Type)]
        self._typed = {zlib.crc32(data): data for data in (*typed, history.scenario.stage.type_ahead)}

    def marks_for(self, fact: Fact) -> list[MarkSpec]:
        """Return the marks of a fact. Facts of no interest to a reader have none."""
        if isinstance(fact, Held | Released):
            what = "held" if isinstance(fact, Held) else "released"
            held = {lane for pid in fact.pids if (lane := self._lanes.lane_of_pid(pid)) is not None}
            return [MarkSpec(lane, "hold", what) for lane in sorted(held)]
        found = _mark_of(fact)
        if not found:
            return []
        name, kind, label = found
        if isinstance(fact, Typed) and fact.crc in self._typed:
            label = self._typed[fact.crc].decode("utf-8", "backslashreplace")
        lane = self._lanes.lane_of(PROCTOR if kind == "missed" and self._lanes.lane_of(name) is None else name)
        return [] if lane is None else [MarkSpec(lane, kind, short_label(label))]


def _mark_of(fact: Fact) -> tuple[str, MarkKind, str] | None:
    match fact:
        case Started(process=process) | HelperReady(process=process):
            return process, "start", ""
        case WitnessReady(process=process):
            return process, "start", "runs"
        case Received(process=process, signal=number):
            return process, "received", signals.name(number)
        case Stopped(process=process):
            return process, "stop", "stops"
        case Continued(process=process):
            return process, "continue", "continues"
        case Ended(process=process, code=code, signal=number):
            how = f"exit {code}" if code is not None else signals.name(number) if number else "ends"
            return process, "end", how
        case Answered(process=process, error=error):
            return process, "report", f"errno {error}" if error else ""
        case TerminalState(process=process):
            return process, "report", ""
        case Milestone(process=process, name=name):
            return process, "report", name
        case Printed(process=process):
            return process, "output", "prints"
        case FlagsChanged(fd=fd, process=process):
            return process or LAUNCHER, "call", f"flags of {fd}"
        case Reaped():
            return LAUNCHER, "call", "reaps"
        case SignalCall(call=call, signal=number, result=result):
            return LAUNCHER, "call", f"errno {-result}" if result else f"{call} {signals.name(number)}"
        case PointReached(at=point):
            return point.task, "point", str(point).removeprefix(f"{point.task} ")
        case StepTaken(actor=actor, call=call, when=when) if call:
            return actor, "point", f"{call} {when}"
        case DirectiveApplied(directive=directive, what=what) if isinstance(directive.action, Hold):
            return directive.at.task, "hold", "released" if what == "let go" else what
        case Output(stream=stream, data=data):
            return TERMINAL if stream == TERMINAL else OUTPUT, "output", data.decode("utf-8", "replace").strip()
        case WaitFailed(awaited=what):
            return (TERMINAL if isinstance(what, WaitOutput) else process_of(what)), "missed", comes(what)
        case _:
            return _runner_mark(fact)


def _runner_mark(fact: Fact) -> tuple[str, MarkKind, str] | None:
    """Return the mark of an action or an observation of the runner."""
    match fact:
        case Sent(signal=number, to=to, errno=errno):
            more = " refused" if errno else f" to {to}" if to in ("group", "all") else ""
            return PROCTOR, "sent", signals.name(number) + more
        case Pressed(key=key):
            return PROCTOR, "key", f"Ctrl-{key[-1].upper()}"
        case Typed(count=count):
            return PROCTOR, "key", f"{count} bytes"
        case Resized(rows=rows, columns=columns):
            return PROCTOR, "order", f"{rows}x{columns}"
        case HungUp():
            return PROCTOR, "order", "hang up"
        case PipeClosed(stream=stream):
            return PROCTOR, "order", f"close {stream}"
        case ReadingStopped(stream=stream):
            return PROCTOR, "order", f"stop reading {stream}"
        case ReadingResumed(stream=stream, most=most):
            return PROCTOR, "order", f"read {most} bytes" if most else f"read {stream} again"
        case RestRead(count=count):
            return PROCTOR, "note", f"{count} bytes left"
        case CpuUsed(seconds=seconds):
            return PROCTOR, "note", f"{seconds:.2f} s of CPU time"
        case Ordered(text=text):
            return PROCTOR, "order", text
        case NotReached(directive=directive):
            return PROCTOR, "missed", f"{directive.at}"
        case ChoiceRefused(choice=choice):
            return PROCTOR, "missed", f"{choice}"
        case NotStarted(step=step, errno=errno):
            return PROCTOR, "trouble", f"{step}: errno {errno}"
        case CallNotStarted(process=process):
            return process, "note", "not started"
        case LimitExceeded():
            return PROCTOR, "trouble", "limit exceeded"
        case PeerRefused():
            return PROCTOR, "note", "peer refused"
        case Unobserved():
            return PROCTOR, "trouble", "not observed"
        case FilesChanged(when=when, count=count):
            return PROCTOR, "note", f"{count} changes, {when}" if count else ""
        case TempFilesLeft(paths=paths):
            return PROCTOR, "note", f"{len(paths)} files left"
        case Notified(text=text):
            return PROCTOR, "note", text
        case _:
            return None
