"""What of an event is drawn: in which lane, as what, and with which few words beside it."""

from __future__ import annotations

import unicodedata
import zlib
from typing import Literal, NamedTuple

from proctor.harness import signals
from proctor.harness.awaited import process_of
from proctor.harness.history import (
    Answered,
    Continued,
    DirectiveApplied,
    Ended,
    Fact,
    FilesChanged,
    Held,
    HelperReady,
    History,
    HungUp,
    LimitExceeded,
    Notified,
    NotReached,
    NotStarted,
    Ordered,
    Output,
    PointReached,
    Pressed,
    Printed,
    Reaped,
    Received,
    Released,
    Resized,
    Sent,
    SignalCall,
    Started,
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
from proctor.reports.timeline.lanes import LAUNCHER, OUTPUT, TERMINAL, US, Lanes

Kind = Literal[
    "start", "sent", "received", "key", "order", "report", "stop", "continue", "end", "hold", "point", "call", "output",
    "missed", "trouble", "note",
]  # fmt: skip
MOST_LETTERS = 22
"""Of a label; the whole is told where one points at it."""


class Sign(NamedTuple):
    """What is drawn of an event in one lane."""

    lane: int
    kind: Kind
    label: str = ""


def short(text: str, most: int = MOST_LETTERS) -> str:
    """Return text as a label: one line, harmless, each letter above or beside none other."""
    flat = "".join(c for c in harmless(" ".join(text.split())) if unicodedata.category(c) not in ("Mn", "Me"))
    return flat if len(flat) <= most else flat[: most - 3] + "..."


class Signs:
    """Says what is drawn of the facts of one history."""

    def __init__(self, history: History, lanes: Lanes) -> None:
        self._lanes = lanes
        typed = [step.data for step in history.scenario.steps if isinstance(step, Type)]
        self._typed = {zlib.crc32(data): data for data in (*typed, history.scenario.stage.type_ahead)}

    def of(self, fact: Fact) -> list[Sign]:
        """Return what is drawn of a fact; nothing of one that says nothing to a person."""
        if isinstance(fact, Held | Released):
            what = "held" if isinstance(fact, Held) else "let go"
            held = {lane for pid in fact.pids if (lane := self._lanes.of_pid(pid)) is not None}
            return [Sign(lane, "hold", what) for lane in sorted(held)]
        said = _sign(fact)
        if not said:
            return []
        name, kind, label = said
        if isinstance(fact, Typed) and fact.crc in self._typed:
            label = self._typed[fact.crc].decode("utf-8", "backslashreplace")
        lane = self._lanes.of(US if kind == "missed" and self._lanes.of(name) is None else name)
        return [] if lane is None else [Sign(lane, kind, short(label))]


def _sign(fact: Fact) -> tuple[str, Kind, str] | None:
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
            return process, "continue", "goes on"
        case Ended(process=process, code=code, signal=number):
            how = f"exit {code}" if code is not None else signals.name(number) if number else "ends"
            return process, "end", how
        case Answered(process=process, error=error):
            return process, "report", f"errno {error}" if error else ""
        case TerminalState(process=process):
            return process, "report", ""
        case Printed(process=process):
            return process, "output", "prints"
        case Reaped():
            return LAUNCHER, "call", "reaps"
        case SignalCall(call=call, signal=number, result=result):
            return LAUNCHER, "call", f"errno {-result}" if result else f"{call} {signals.name(number)}"
        case PointReached(at=point):
            return point.task, "point", str(point).removeprefix(f"{point.task} ")
        case DirectiveApplied(directive=directive, what=what) if isinstance(directive.action, Hold):
            return directive.at.task, "hold", what
        case Output(stream=stream, data=data):
            return TERMINAL if stream == TERMINAL else OUTPUT, "output", data.decode("utf-8", "replace").strip()
        case WaitFailed(awaited=what):
            return (TERMINAL if isinstance(what, WaitOutput) else process_of(what)), "missed", comes(what)
        case _:
            return _ours(fact)


def _ours(fact: Fact) -> tuple[str, Kind, str] | None:
    """Return what is drawn of what we did or found."""
    match fact:
        case Sent(signal=number, to=to, errno=errno):
            more = " refused" if errno else f" to {to}" if to in ("group", "all") else ""
            return US, "sent", signals.name(number) + more
        case Pressed(key=key):
            return US, "key", f"Ctrl-{key[-1].upper()}"
        case Typed(count=count):
            return US, "key", f"{count} bytes"
        case Resized(rows=rows, columns=columns):
            return US, "order", f"{rows}x{columns}"
        case HungUp():
            return US, "order", "hang up"
        case Ordered(text=text):
            return US, "order", text
        case NotReached(directive=directive):
            return US, "missed", f"{directive.at}"
        case NotStarted(step=step, errno=errno):
            return US, "trouble", f"{step}: errno {errno}"
        case LimitExceeded():
            return US, "trouble", "stepped in"
        case Unobserved():
            return US, "trouble", "not observed"
        case FilesChanged(when=when, count=count):
            return US, "note", f"{count} changes, {when}" if count else ""
        case TempFilesLeft(paths=paths):
            return US, "note", f"{len(paths)} files left"
        case Notified(text=text):
            return US, "note", text
        case _:
            return None
