"""Which signal of a history came from whom to whom, and when: the arrows between its lanes.

The system tells who sent a signal, not which of several alike it was: the first that is sent is taken to be the first
that comes, as it is with standard signals that do not merge. Where a process is no witness, what it does of a signal
counts as its receipt: it ends or stops of it, or passes it on. A signal of which nothing like that is seen is an arrow
that ends nowhere.
"""

from __future__ import annotations

import signal
from typing import Literal, NamedTuple

from proctor.harness import signals
from proctor.harness.history import (
    Continued,
    Ended,
    Event,
    History,
    HungUp,
    Ordered,
    Pressed,
    Received,
    Resized,
    Sent,
    SignalCall,
    Stopped,
    Typed,
    WitnessReady,
)
from proctor.reports.timeline.lanes import LAUNCHER, TERMINAL, US, Lanes

Kind = Literal["signal", "key", "order"]
STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH)
"""What the kernel sends for a terminal alone; SIGHUP and SIGCONT may be for a process group that was orphaned."""
OF_KEYS = {"ctrl-c": signal.SIGINT, "ctrl-\\": signal.SIGQUIT, "ctrl-z": signal.SIGTSTP}
EVERYONE = ("group", "all")


class Flight(NamedTuple):
    """One arrow, from event to event by their indexes. received is None where it ends nowhere: then target is the lane
    that it was for, None where not even that is known."""

    kind: Kind
    label: str
    source: int
    target: int | None
    sent: int
    received: int | None
    sent_at: float
    received_at: float | None


class _Signal:
    """A signal that is on its way. target: the lane it is for, None for everyone whom it may reach."""

    def __init__(self, event: Event, number: int, source: int, target: int | None) -> None:
        self.event, self.number, self.source, self.target = event, number, source, target
        self.reached: set[int] = set()

    def may_reach(self, lane: int) -> bool:
        return lane not in self.reached and lane != self.source and self.target in (None, lane)


class Flights:
    """Follows a history; `all` are its arrows, in the order of their starts."""

    def __init__(self, history: History, lanes: Lanes) -> None:
        self._lanes = lanes
        self._witnesses = {lanes.of(fact.process) for fact in history.facts(WitnessReady)}
        self._pending: list[_Signal] = []
        self.all: list[Flight] = []
        for event in history.events:
            self._take(event)
        for lost in self._pending:
            if not lost.reached and not self._is_terminals(lost):
                to_everyone = lost.target is None and lost.source == lanes.of(US)
                self._draw(lost, lanes.of(LAUNCHER) if to_everyone else lost.target, None, None)
        self.all.sort(key=lambda flight: flight.sent)

    def _take(self, event: Event) -> None:
        us, terminal = self._lanes.of(US), self._lanes.of(TERMINAL)
        assert us is not None
        match event.fact:
            case Sent(signal=number, to=to, pid=pid, errno=0):
                lane = self._lanes.of(to)
                lane = self._lanes.of_pid(pid) if lane is None else lane
                if to in EVERYONE or lane is not None:
                    self._pending.append(_Signal(event, number, us, None if to in EVERYONE else lane))
            case Pressed() | Resized() | HungUp() | Typed():
                self._from_us_to_terminal(event, us, terminal)
            case Ordered(process=process):
                lane = self._lanes.of(process)
                if lane is not None:
                    self._straight("order", "", us, lane, event)
            case SignalCall(signal=number, pid=pid, result=0) if number:
                source = self._lanes.of(LAUNCHER)
                if source is not None:
                    self._pending.append(_Signal(event, number, source, self._lanes.of_pid(pid)))
            case Received():
                self._received(event, event.fact)
            case _:
                self._effect(event)

    def _from_us_to_terminal(self, event: Event, us: int, terminal: int | None) -> None:
        if terminal is None:
            return
        self._straight("key", "", us, terminal, event)
        numbers: tuple[int, ...] = ()
        match event.fact:
            case Pressed(key=key):
                numbers = (OF_KEYS[key],) if key in OF_KEYS else ()
            case Resized():
                numbers = (signal.SIGWINCH,)
            case HungUp():
                numbers = (signal.SIGHUP, signal.SIGCONT)
        self._pending = [one for one in self._pending if not (self._is_terminals(one) and one.number in numbers)]
        self._pending += [_Signal(event, number, terminal, None) for number in numbers]

    def _is_terminals(self, one: _Signal) -> bool:
        return one.source == self._lanes.of(TERMINAL)

    def _received(self, event: Event, fact: Received) -> None:
        lane, source = self._lanes.of(fact.process), self._sender(fact)
        if lane is None or source is None or source == lane:
            return
        self._passed_on(source, fact.signal, event)
        for one in self._pending:
            if one.source == source and one.number == fact.signal and one.may_reach(lane):
                self._draw(one, lane, event.index, fact.at)
                return
        if source != self._lanes.of(TERMINAL) or fact.signal in OF_TERMINAL:
            name = signals.name(fact.signal)
            self.all.append(Flight("signal", name, source, lane, event.index, event.index, fact.at, fact.at))

    def _sender(self, fact: Received) -> int | None:
        if fact.code == signals.SI_KERNEL:
            return self._lanes.of(TERMINAL)
        if fact.sender_role == "runner":
            return self._lanes.of(US)
        return self._lanes.of(fact.sender_role) if fact.sender_role else self._lanes.of_pid(fact.sender)

    def _passed_on(self, lane: int, number: int, event: Event) -> None:
        """Who passes a signal on has received it."""
        senders = (self._lanes.of(US), self._lanes.of(TERMINAL))
        for one in self._pending:
            if lane not in senders and one.number == number and one.source in senders and one.may_reach(lane):
                self._draw(one, lane, event.index, event.time)
                return

    def _effect(self, event: Event) -> None:
        """Take in what a process does that may come of a signal."""
        fact = event.fact
        lane = self._lanes.of(getattr(fact, "process", "")) if isinstance(fact, Ended | Stopped | Continued) else None
        if lane is None:
            return
        of: tuple[int, ...]
        match fact:
            case Ended(code=code, signal=number):
                of = (number,) if number else (code - 128,) if code and code > 128 else (signal.SIGKILL,)
            case Stopped(signal=number):
                of = (number,) if number else STOPS
            case _:
                of = () if lane in self._witnesses else (signal.SIGCONT,)  # a witness says itself that it came
        for one in self._pending:
            if one.number in of and one.may_reach(lane):
                self._draw(one, lane, event.index, event.time)
                return

    def _draw(self, one: _Signal, lane: int | None, received: int | None, at: float | None) -> None:
        if lane is not None:
            one.reached.add(lane)
        name, event = signals.name(one.number), one.event
        self.all.append(Flight("signal", name, one.source, lane, event.index, received, event.time, at))

    def _straight(self, kind: Kind, label: str, source: int, target: int, event: Event) -> None:
        self.all.append(Flight(kind, label, source, target, event.index, event.index, event.time, event.time))
