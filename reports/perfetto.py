"""Failures as a trace for Perfetto (ui.perfetto.dev) and chrome://tracing: JSON in the Trace Event Format.

Each history is a process there, each of its lanes a thread: states are slices, what happens is an instant. A signal is
a flow between two slices, one where it is sent and one where it is received, since flows have no ends of their own but
bind to slices. All of them start at 0: histories have no time of day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from proctor.harness.history import History
from proctor.harness.words import harmless
from proctor.reports.filtering import failures_in
from proctor.reports.results import Results
from proctor.reports.timeline.layout import Arrow, Bar, Mark, Timeline, layout

TICK = 0.002
"""Microseconds from one end of a flow to the next of the same time, so that no flow goes back. Histories have whole
ones, and Perfetto takes nanoseconds."""
LONGEST = 1e6
"""Seconds; no execution takes so long, but results can be damaged."""
THREADS = 100
"""Numbers that a process has for its threads: more than there are lanes, and no two alike in the whole trace."""

Event = dict[str, Any]


def perfetto(documents: list[Results]) -> str:
    """Return the JSON of all failures in these documents, each with that of the bare command; WrongCall where there is
    none."""
    events: list[Event] = []
    number = 0
    for document, failure in failures_in(documents):
        cited = {event for violation in failure.violations for event in violation.events}
        name = harmless(f"{document.target.name}: {failure.requirement}")
        for title, history in ((name, failure.history), (f"{name}, the command alone", failure.bare)):
            if history:
                number += 1
                events += _Process(number, title, history, cited if history is failure.history else set()).events()
    text = msgspec.json.encode({"traceEvents": events, "displayTimeUnit": "ns"}).decode()
    # Perfetto (52.0) takes the quote that ends a text with a backslash before it for one that is escaped, and then the
    # whole trace for broken: "Ctrl-\\"; written by its number it is the same to JSON
    return text.replace("\\\\", "\\u005c") + "\n"


class _Process:
    """One history."""

    def __init__(self, number: int, title: str, history: History, cited: set[int]) -> None:
        self._pid, self._title = number * THREADS, title
        self._timeline: Timeline = layout(history, cited)
        self._ends: Counter[int] = Counter()

    def events(self) -> list[Event]:
        """Return the events: names first, then the rest in the order of their times."""
        timeline = self._timeline
        flows = [event for number, arrow in enumerate(timeline.arrows) for event in self._flow(number, arrow)]
        drawn = {(arrow.first, arrow.source) for arrow in timeline.arrows}
        drawn |= {(arrow.last, arrow.target) for arrow in timeline.arrows if arrow.target is not None}
        marks = [self._instant(mark) for mark in timeline.marks if (mark.moment, mark.lane) not in drawn]
        slices = [self._state(bar) for bar in timeline.bars]
        return [*self._names(), *sorted([*slices, *flows, *marks], key=lambda event: float(event["ts"]))]

    def _names(self) -> Iterator[Event]:
        yield {"ph": "M", "name": "process_name", "pid": self._pid, "tid": self._pid, "args": {"name": self._title}}
        yield {
            "ph": "M", "name": "process_sort_index", "pid": self._pid, "tid": self._pid,
            "args": {"sort_index": self._pid},
        }  # fmt: skip
        for number, lane in enumerate(self._timeline.lanes):
            at = self._at(number)
            name = " ".join(part for part in (lane.label, lane.note) if part)
            yield {"ph": "M", "name": "thread_name", **at, "args": {"name": name}}
            yield {"ph": "M", "name": "thread_sort_index", **at, "args": {"sort_index": number}}

    def _at(self, lane: int) -> Event:
        return {"pid": self._pid, "tid": self._pid + 1 + lane}

    def _state(self, bar: Bar) -> Event:
        long = round((bar.end - bar.start) * 1e6, 3)
        return {
            "ph": "X",
            "cat": "state",
            "name": bar.state,
            "ts": _micro(bar.start),
            "dur": long,
            **self._at(bar.lane),
        }

    def _instant(self, mark: Mark) -> Event:
        time = self._timeline.moments[mark.moment].time
        return {
            "ph": "i", "s": "t", "cat": mark.kind, "name": mark.label or mark.kind, "ts": _micro(time),
            **self._at(mark.lane), "args": self._told(mark),
        }  # fmt: skip

    def _flow(self, number: int, arrow: Arrow) -> Iterator[Event]:
        """Yield the slices at both ends of an arrow, and what ties them; of one that ends nowhere the first alone."""
        lanes = self._timeline.lanes
        name = arrow.label or arrow.kind
        to = lanes[arrow.target].label if arrow.target is not None else "an unknown process"
        lost = "" if arrow.received is not None else ", receipt not observed"
        start = self._end(arrow.source, arrow.sent, arrow, f"{name} to {to}{lost}", arrow.first)
        yield start
        if arrow.received is None or arrow.target is None:
            return
        end = self._end(
            arrow.target, max(arrow.received, arrow.sent), arrow, f"{name} from {lanes[arrow.source].label}", arrow.last
        )
        yield end
        tie = {"cat": arrow.kind, "name": name, "id": self._pid * THREADS + number}
        yield {"ph": "s", **tie, **{key: start[key] for key in ("ts", "pid", "tid")}}
        yield {"ph": "f", "bp": "e", **tie, **{key: end[key] for key in ("ts", "pid", "tid")}}

    def _end(self, lane: int, time: float, arrow: Arrow, name: str, moment: int) -> Event:
        at = _micro(time)
        self._ends[int(at)] += 1
        shift = self._ends[int(at)]
        told = [self._told(m) for m in self._timeline.marks if (m.moment, m.lane) == (moment, lane)]
        return {
            "ph": "X", "cat": arrow.kind, "name": name, "ts": round(at + shift * TICK, 3), "dur": TICK / 2,
            **self._at(lane), "args": told[0] if told else {},
        }  # fmt: skip

    def _told(self, mark: Mark) -> Event:
        return {"event": mark.event, "what": mark.text} | ({"violation": True} if mark.violated else {})


def _micro(seconds: float) -> float:
    return round(min(seconds, LONGEST) * 1e6, 3)
