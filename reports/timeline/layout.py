"""The layout of a timeline: lanes, moments, bars, arrows and marks, independent of the output format.

Events of a history are microseconds to seconds apart. So the time axis is not to scale: it is a sequence of moments,
each with its time. The output format decides on the distances between them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import msgspec

from proctor.harness.history import Ended, Event, Fact, History, Output
from proctor.harness.words import describe
from proctor.reports.timeline.arrows import ArrowKind, Transfer, TransferTracker
from proctor.reports.timeline.bars import LaneState, StateTracker
from proctor.reports.timeline.lanes import Lane, Lanes
from proctor.reports.timeline.marks import MarkKind, MarkRules

__all__ = ["Arrow", "Bar", "Lane", "Mark", "Moment", "Timeline", "layout"]

FIRST_MOMENTS, LAST_MOMENTS = 120, 60
"""Limits of moments from the start and before the end. In between, only events cited by a violation are drawn."""
MAX_CITED = 40


class Moment(NamedTuple):
    """One place on the time axis: the index of its event, and its time in seconds. left_out: the number of drawable
    events omitted since the moment before."""

    event: int
    time: float
    left_out: int = 0


class Bar(NamedTuple):
    """The state of a lane between two moments; start and end in seconds."""

    lane: int
    state: LaneState
    first: int
    last: int
    start: float
    end: float


class Arrow(NamedTuple):
    """A signal between lanes, or a key or order by Proctor. first, last: the moments of sending and receipt; sent,
    received: the times in seconds. If its receipt was not observed, received is None, and target is the intended lane,
    or None if that is unknown."""

    kind: ArrowKind
    label: str
    source: int
    target: int | None
    first: int
    last: int
    sent: float
    received: float | None


class Mark(NamedTuple):
    """An event in a lane. label: a few words, safe to print, or ""; text: the full description in one line. violated:
    whether a violation cites it."""

    moment: int
    lane: int
    kind: MarkKind
    label: str
    text: str
    event: int
    violated: bool


class Timeline(NamedTuple):
    """The complete layout. parents: the parent lane by lane. left_out: the number of processes without a lane."""

    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...]
    bars: tuple[Bar, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    parents: dict[int, int]
    left_out: int = 0


class _DrawnEvent(NamedTuple):
    """An event to draw. indexes: of the events that it combines."""

    event: Event
    indexes: tuple[int, ...]


def layout(history: History, violated: Collection[int] = ()) -> Timeline:
    """Return the timeline of a history. violated: indexes of the events that violations cite."""
    lanes = Lanes(history)
    history = _without_duplicate_ends(history, lanes, set(violated))
    states = StateTracker(history, lanes)
    rules = MarkRules(history, lanes)
    drawn = _drawn_events(history, rules)
    selected = _selected(drawn, set(violated))
    moments = tuple(_moments(history, drawn, selected))
    times = {event.index: event.time for event in history.events}
    indexes = [moment.event for moment in moments]

    def at(index: int) -> int:
        """Return the last moment at or before this event."""
        return max(0, bisect_right(indexes, index) - 1)

    bars = (
        Bar(span.lane, span.state, at(span.first), at(span.last), times.get(span.first, 0.0), times.get(span.last, 0.0))
        for span in states.spans
    )
    marks = tuple(_marks(selected, rules, set(violated)))
    labels = {(mark.event, mark.lane): mark.label for mark in marks}
    arrows = (
        _arrow(transfer, at, labels.get((transfer.sent, transfer.source), ""))
        for transfer in TransferTracker(history, lanes).transfers
        if transfer.sent in indexes
    )
    return Timeline(lanes.all, moments, tuple(bars), tuple(arrows), marks, states.parents, lanes.left_out)


def _without_duplicate_ends(history: History, lanes: Lanes, violated: set[int]) -> History:
    """Return the history with one end per lane. The end of a launcher that replaced itself by exec is reported twice,
    and not always with its status."""
    best: dict[int, Event] = {}
    for event, fact in history.all(Ended):
        lane = lanes.lane_of(fact.process)
        if lane is not None and (lane not in best or (_has_no_status(best[lane].fact) and not _has_no_status(fact))):
            best[lane] = event
    selected = {event.index for event in best.values()} | violated
    events = (event for event in history.events if event.index in selected or not isinstance(event.fact, Ended))
    return msgspec.structs.replace(history, events=tuple(events))


def _has_no_status(fact: Fact) -> bool:
    return isinstance(fact, Ended) and fact.code is None and fact.signal is None


def _drawn_events(history: History, rules: MarkRules) -> list[_DrawnEvent]:
    """Return the events to draw. Consecutive output of one stream is combined. A stop is reported by the process and by
    its parent, and drawn once."""
    found: list[_DrawnEvent] = []
    stopped: dict[int, str] = {}
    for event in history.events:
        specs = rules.marks_for(event.fact)
        if not specs or stopped.get(specs[0].lane) == specs[0].kind:
            continue
        if specs[0].kind in ("stop", "continue"):
            stopped[specs[0].lane] = specs[0].kind
        before = found[-1] if found else None
        if before and isinstance(event.fact, Output) and isinstance(before.event.fact, Output):
            first = before.event.fact
            if first.stream == event.fact.stream:
                whole = Output(first.stream, first.data + event.fact.data)
                joined = msgspec.structs.replace(before.event, fact=whole)
                found[-1] = _DrawnEvent(joined, (*before.indexes, event.index))
                continue
        found.append(_DrawnEvent(event, (event.index,)))
    return found


def _selected(drawn: list[_DrawnEvent], violated: set[int]) -> list[_DrawnEvent]:
    """Return the events within the limits."""
    first, last = FIRST_MOMENTS, max(FIRST_MOMENTS, len(drawn) - LAST_MOMENTS)
    cited = [one for one in drawn[first:last] if violated.intersection(one.indexes)]
    return [*drawn[:first], *cited[:MAX_CITED], *drawn[last:]]


def _moments(history: History, drawn: list[_DrawnEvent], selected: list[_DrawnEvent]) -> Iterator[Moment]:
    """Yield a moment for each selected event, and one for the end of the history."""
    number = {one.indexes[0]: place for place, one in enumerate(drawn)}
    before = -1
    for one in selected:
        place = number[one.indexes[0]]
        yield Moment(one.indexes[0], one.event.time, place - before - 1)
        before = place
    if history.events and (not selected or history.events[-1].index > selected[-1].indexes[-1]):
        yield Moment(history.events[-1].index, history.events[-1].time)


def _marks(selected: list[_DrawnEvent], rules: MarkRules, violated: set[int]) -> Iterator[Mark]:
    for moment, one in enumerate(selected):
        fact = one.event.fact
        is_violated = bool(violated.intersection(one.indexes))
        for spec in rules.marks_for(fact):
            yield Mark(moment, spec.lane, spec.kind, spec.label, describe(fact), one.indexes[0], is_violated)


def _arrow(transfer: Transfer, at: Callable[[int], int], label: str) -> Arrow:
    first = at(transfer.sent)
    last = first if transfer.received is None else at(transfer.received)
    ends = (transfer.source, transfer.target)
    return Arrow(transfer.kind, transfer.label or label, *ends, first, last, transfer.sent_at, transfer.received_at)
