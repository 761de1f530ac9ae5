"""A history as a picture of lanes: where everything goes, before anything is drawn.

Times in a history lie microseconds or seconds apart, so what is drawn stands in the order of events: moments one after
another, each with its time. How far apart they are drawn, and in which medium, is for those who draw it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import msgspec

from proctor.harness.history import Ended, Event, Fact, History, Output
from proctor.harness.words import describe
from proctor.reports.timeline.arrows import Flight, Flights
from proctor.reports.timeline.arrows import Kind as ArrowKind
from proctor.reports.timeline.bars import State, States
from proctor.reports.timeline.lanes import Lane, Lanes
from proctor.reports.timeline.marks import Kind, Signs

__all__ = ["Arrow", "Bar", "Lane", "Mark", "Moment", "Timeline", "layout"]

FIRST_MOMENTS, LAST_MOMENTS = 120, 60
"""How many are drawn where there are more, from the start and before the end; and those that a violation points to."""
MOST_POINTED = 40


class Moment(NamedTuple):
    """One place on the time axis: the event that is drawn there, and its time in seconds. left_out: how many that could
    have been drawn are not, between the one before and this."""

    event: int
    time: float
    left_out: int = 0


class Bar(NamedTuple):
    """A lane's state, from moment to moment; start and end in seconds."""

    lane: int
    state: State
    first: int
    last: int
    start: float
    end: float


class Arrow(NamedTuple):
    """A signal on its way between lanes, or a key or an order of ours. first, last: the moments of sending and receipt;
    sent, received: the times in seconds. It ends nowhere where `received` is None: its receipt was never seen, and
    target is the lane that it was for; None where that is not known either."""

    kind: ArrowKind
    label: str
    source: int
    target: int | None
    first: int
    last: int
    sent: float
    received: float | None


class Mark(NamedTuple):
    """Something that happened in a lane. label: a few words, safe to print, or ""; text: the whole of it in a line.
    violated: whether a violation points to it."""

    moment: int
    lane: int
    kind: Kind
    label: str
    text: str
    event: int
    violated: bool


class Timeline(NamedTuple):
    """All of it. parents: which lane started which. left_out: of processes, those for which there is no lane."""

    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...]
    bars: tuple[Bar, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    parents: dict[int, int]
    left_out: int = 0


class _Drawn(NamedTuple):
    """What is drawn at one moment: an event, and those that it stands for."""

    event: Event
    indexes: tuple[int, ...]


def layout(history: History, violated: Collection[int] = ()) -> Timeline:
    """Return the picture of a history. violated: indexes of the events that a violation points to."""
    lanes = Lanes(history)
    history = _without_doubles(history, lanes, set(violated))
    states = States(history, lanes)
    signs = Signs(history, lanes)
    drawn = _drawn(history, signs)
    kept = _kept(drawn, set(violated))
    moments = tuple(_moments(history, drawn, kept))
    times = {event.index: event.time for event in history.events}
    indexes = [moment.event for moment in moments]

    def at(index: int) -> int:
        """Return the last moment up to this event."""
        return max(0, bisect_right(indexes, index) - 1)

    bars = (
        Bar(span.lane, span.state, at(span.first), at(span.last), times.get(span.first, 0.0), times.get(span.last, 0.0))
        for span in states.spans
    )
    marks = tuple(_marks(kept, signs, set(violated)))
    labels = {(mark.event, mark.lane): mark.label for mark in marks}
    arrows = (
        _arrow(flight, at, labels.get((flight.sent, flight.source), ""))
        for flight in Flights(history, lanes).all
        if flight.sent in indexes
    )
    return Timeline(lanes.all, moments, tuple(bars), tuple(arrows), marks, states.parents, lanes.left_out)


def _without_doubles(history: History, lanes: Lanes, violated: set[int]) -> History:
    """Return the history with one end for each lane: that of a launcher that has become its command is told twice, and
    not always with its status."""
    best: dict[int, Event] = {}
    for event, fact in history.all(Ended):
        lane = lanes.of(fact.process)
        if lane is not None and (lane not in best or (_is_unknown(best[lane].fact) and not _is_unknown(fact))):
            best[lane] = event
    kept = {event.index for event in best.values()} | violated
    events = (event for event in history.events if event.index in kept or not isinstance(event.fact, Ended))
    return msgspec.structs.replace(history, events=tuple(events))


def _is_unknown(fact: Fact) -> bool:
    return isinstance(fact, Ended) and fact.code is None and fact.signal is None


def _drawn(history: History, signs: Signs) -> list[_Drawn]:
    """Return the events that are drawn. Output that comes in pieces, with nothing in between, is one; that a process
    has stopped is told by its parent as well, and drawn once."""
    found: list[_Drawn] = []
    stopped: dict[int, str] = {}
    for event in history.events:
        its = signs.of(event.fact)
        if not its or stopped.get(its[0].lane) == its[0].kind:
            continue
        if its[0].kind in ("stop", "continue"):
            stopped[its[0].lane] = its[0].kind
        before = found[-1] if found else None
        if before and isinstance(event.fact, Output) and isinstance(before.event.fact, Output):
            first = before.event.fact
            if first.stream == event.fact.stream:
                whole = Output(first.stream, first.data + event.fact.data)
                joined = msgspec.structs.replace(before.event, fact=whole)
                found[-1] = _Drawn(joined, (*before.indexes, event.index))
                continue
        found.append(_Drawn(event, (event.index,)))
    return found


def _kept(drawn: list[_Drawn], violated: set[int]) -> list[_Drawn]:
    """Return those for which there is room."""
    first, last = FIRST_MOMENTS, max(FIRST_MOMENTS, len(drawn) - LAST_MOMENTS)
    pointed = [one for one in drawn[first:last] if violated.intersection(one.indexes)]
    return [*drawn[:first], *pointed[:MOST_POINTED], *drawn[last:]]


def _moments(history: History, drawn: list[_Drawn], kept: list[_Drawn]) -> Iterator[Moment]:
    """Yield a moment for each that is kept, and one for the end."""
    number = {one.indexes[0]: place for place, one in enumerate(drawn)}
    before = -1
    for one in kept:
        place = number[one.indexes[0]]
        yield Moment(one.indexes[0], one.event.time, place - before - 1)
        before = place
    if history.events and (not kept or history.events[-1].index > kept[-1].indexes[-1]):
        yield Moment(history.events[-1].index, history.events[-1].time)


def _marks(kept: list[_Drawn], signs: Signs, violated: set[int]) -> Iterator[Mark]:
    for moment, one in enumerate(kept):
        fact = one.event.fact
        is_violated = bool(violated.intersection(one.indexes))
        for sign in signs.of(fact):
            yield Mark(moment, sign.lane, sign.kind, sign.label, describe(fact), one.indexes[0], is_violated)


def _arrow(flight: Flight, at: Callable[[int], int], label: str) -> Arrow:
    first = at(flight.sent)
    last = first if flight.received is None else at(flight.received)
    ends = (flight.source, flight.target)
    return Arrow(flight.kind, flight.label or label, *ends, first, last, flight.sent_at, flight.received_at)
