"""Why a violation did not come back in each replay, as far as histories show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import Literal

import msgspec

from proctor.harness.history import (
    Ended,
    Event,
    History,
    OpenWait,
    Received,
    Sent,
    SettleEnded,
    Started,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.words import describe, open_wait

Kind = Literal["open-wait", "still-running", "order", "other-events", "unknown"]
COMPARED = (Started, WitnessReady, Received, Sent, Ended)
"""Facts of which there are as many in each run, in the same order, if nothing is left to chance."""
NAMES = ("process", "signal", "code", "to")
"""Fields of facts that are the same in each run: no pids, no times."""


class Instability(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a violation came back in some replays only.

    open-wait: it rests on a wait that something outside may end, or a timer that cannot be read; waits: these.
    still-running: an awaited fact did not come within its time although something still ran: the machine was busy, or
    the launcher slow. order: two events came in another order, and nothing orders them; events: the two, in words.
    other-events: events happened here and not there; events: the first of them. unknown: nothing of that.
    """

    kind: Kind
    waits: tuple[OpenWait, ...] = ()
    events: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case "open-wait":
                return f"it depends on a wait that may end at any time: {'; '.join(map(open_wait, self.waits))}"
            case "still-running":
                return "processes were still running at the deadline: the machine is busy or the launcher is slow"
            case "order":
                first, second = self.events
                return f"nothing orders two events: '{first}' came before '{second}', and in a replay after it"
            case "other-events":
                return f"the runs differ: a replay has no '{self.events[0]}'"
        return "the histories do not show why"


def cause(seen: History, without: Iterable[History] = ()) -> Instability:
    """Return why a violation that this history shows did not come back. without: replays that do not show it."""
    waits = [wait for one in seen.facts(WaitFailed) for wait in one.open]
    waits += [wait for one in seen.facts(SettleEnded) for wait in one.open]
    if waits:
        return Instability("open-wait", waits=tuple(dict.fromkeys(waits)))
    others = list(without)
    if any(not one.sure for history in (seen, *others) for one in history.facts(WaitFailed)):
        return Instability("still-running")
    for other in others:
        if found := _difference(seen, other):
            return found
    return Instability("unknown")


def _difference(seen: History, other: History) -> Instability | None:
    """Return what differs between two histories of one scenario."""
    here, there = _compared(seen), _compared(other)
    missing = Counter(mark for mark, _ in here) - Counter(mark for mark, _ in there)
    for mark, event in here:
        if mark in missing:
            return Instability("other-events", events=(describe(event.fact),))
    if missing or len(here) != len(there):
        return None
    order = [mark for mark, _ in there]
    for (first, event), (second, after) in pairwise(here):
        if order.index(first) > order.index(second):
            return Instability("order", events=(describe(event.fact), describe(after.fact)))
    return None


def _compared(history: History) -> list[tuple[Hashable, Event]]:
    """Return the compared events, each with what is the same in each run. Several of a kind are numbered."""
    number: Counter[Hashable] = Counter()
    found: list[tuple[Hashable, Event]] = []
    for event in history.events:
        if isinstance(event.fact, COMPARED):
            mark = (type(event.fact).__name__, *(str(getattr(event.fact, name, "")) for name in NAMES))
            number[mark] += 1
            found.append(((mark, number[mark]), event))
    return found
