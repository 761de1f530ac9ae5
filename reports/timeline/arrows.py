"""The arrows of a timeline: which signal of a history went from which lane to which lane, and when.

siginfo names the sender of a signal, but not which of several equal signals it is. So signals are matched in the order
in which they were sent, which is right for signals that do not coalesce. Only witnesses report receipt. For other
processes, an effect counts as receipt: the process ends, stops, continues or forwards the signal. A signal without
receipt becomes an arrow without an end.
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
from proctor.reports.timeline.lanes import LAUNCHER, PROCTOR, TERMINAL, Lanes

ArrowKind = Literal["signal", "key", "order"]
TERMINAL_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH)
"""Signals that the kernel sends only for a terminal. SIGHUP and SIGCONT may also go to an orphaned process group."""
KEY_SIGNALS = {"ctrl-c": signal.SIGINT, "ctrl-\\": signal.SIGQUIT, "ctrl-z": signal.SIGTSTP}
BROADCAST = ("group", "all")


class Transfer(NamedTuple):
    """A signal, key or order on its way from lane to lane. sent, received: indexes of events; sent_at, received_at:
    their times in seconds. Without receipt, received is None, and target is the intended lane, or None if that is
    unknown."""

    kind: ArrowKind
    label: str
    source: int
    target: int | None
    sent: int
    received: int | None
    sent_at: float
    received_at: float | None


class _PendingSignal:
    """A signal that was sent. target: the intended lane; None for a signal that can reach several lanes."""

    def __init__(self, event: Event, number: int, source: int, target: int | None) -> None:
        self.event, self.number, self.source, self.target = event, number, source, target
        self.reached: set[int] = set()

    def may_reach(self, lane: int) -> bool:
        return lane not in self.reached and lane != self.source and self.target in (None, lane)


class TransferTracker:
    """Follows a history. transfers: in the order in which they were sent."""

    def __init__(self, history: History, lanes: Lanes) -> None:
        self._lanes = lanes
        self._witnesses = {lanes.lane_of(fact.process) for fact in history.facts(WitnessReady)}
        self._pending: list[_PendingSignal] = []
        self.transfers: list[Transfer] = []
        for event in history.events:
            self._apply(event)
        for unreceived in self._pending:
            if not unreceived.reached and not self._is_from_terminal(unreceived):
                is_broadcast = unreceived.target is None and unreceived.source == lanes.lane_of(PROCTOR)
                target = lanes.lane_of(LAUNCHER) if is_broadcast else unreceived.target
                self._add(unreceived, target, None, None)
        self.transfers.sort(key=lambda transfer: transfer.sent)

    def _apply(self, event: Event) -> None:
        proctor, terminal = self._lanes.lane_of(PROCTOR), self._lanes.lane_of(TERMINAL)
        assert proctor is not None
        match event.fact:
            case Sent(signal=number, to=to, pid=pid, errno=0):
                lane = self._lanes.lane_of(to)
                lane = self._lanes.lane_of_pid(pid) if lane is None else lane
                if to in BROADCAST or lane is not None:
                    self._pending.append(_PendingSignal(event, number, proctor, None if to in BROADCAST else lane))
            case Pressed() | Resized() | HungUp() | Typed():
                self._terminal_input(event, proctor, terminal)
            case Ordered(process=process):
                lane = self._lanes.lane_of(process)
                if lane is not None:
                    self._add_direct("order", "", proctor, lane, event)
            case SignalCall(signal=number, pid=pid, result=0) if number:
                source = self._lanes.lane_of(LAUNCHER)
                if source is not None:
                    self._pending.append(_PendingSignal(event, number, source, self._lanes.lane_of_pid(pid)))
            case Received():
                self._received(event, event.fact)
            case _:
                self._apply_effect(event)

    def _terminal_input(self, event: Event, proctor: int, terminal: int | None) -> None:
        if terminal is None:
            return
        self._add_direct("key", "", proctor, terminal, event)
        numbers: tuple[int, ...] = ()
        match event.fact:
            case Pressed(key=key):
                numbers = (KEY_SIGNALS[key],) if key in KEY_SIGNALS else ()
            case Resized():
                numbers = (signal.SIGWINCH,)
            case HungUp():
                numbers = (signal.SIGHUP, signal.SIGCONT)
        self._pending = [one for one in self._pending if not (self._is_from_terminal(one) and one.number in numbers)]
        self._pending += [_PendingSignal(event, number, terminal, None) for number in numbers]

    def _is_from_terminal(self, one: _PendingSignal) -> bool:
        return one.source == self._lanes.lane_of(TERMINAL)

    def _received(self, event: Event, fact: Received) -> None:
        lane, source = self._lanes.lane_of(fact.process), self._sender(fact)
        if lane is None or source is None or source == lane:
            return
        self._forwarded(source, fact.signal, event)
        for one in self._pending:
            if one.source == source and one.number == fact.signal and one.may_reach(lane):
                self._add(one, lane, event.index, fact.at)
                return
        if source != self._lanes.lane_of(TERMINAL) or fact.signal in TERMINAL_SIGNALS:
            name = signals.name(fact.signal)
            self.transfers.append(Transfer("signal", name, source, lane, event.index, event.index, fact.at, fact.at))

    def _sender(self, fact: Received) -> int | None:
        if fact.code == signals.SI_KERNEL:
            return self._lanes.lane_of(TERMINAL)
        if fact.sender_role == "runner":
            return self._lanes.lane_of(PROCTOR)
        return self._lanes.lane_of(fact.sender_role) if fact.sender_role else self._lanes.lane_of_pid(fact.sender)

    def _forwarded(self, lane: int, number: int, event: Event) -> None:
        """Record the receipt of a signal by the lane that forwards it."""
        senders = (self._lanes.lane_of(PROCTOR), self._lanes.lane_of(TERMINAL))
        for one in self._pending:
            if lane not in senders and one.number == number and one.source in senders and one.may_reach(lane):
                self._add(one, lane, event.index, event.time)
                return

    def _apply_effect(self, event: Event) -> None:
        """Record the receipt of a signal by a process that ends, stops or continues."""
        fact = event.fact
        lane = self._lanes.lane_of(fact.process) if isinstance(fact, Ended | Stopped | Continued) else None
        if lane is None:
            return
        causes: tuple[int, ...]
        match fact:
            case Ended(code=code, signal=number):
                causes = (number,) if number else (code - 128,) if code and code > 128 else (signal.SIGKILL,)
            case Stopped(signal=number):
                causes = (number,) if number else signals.STOPPING
            case _:
                causes = () if lane in self._witnesses else (signal.SIGCONT,)  # a witness reports the receipt itself
        for one in self._pending:
            if one.number in causes and one.may_reach(lane):
                self._add(one, lane, event.index, event.time)
                return

    def _add(self, one: _PendingSignal, lane: int | None, received: int | None, at: float | None) -> None:
        if lane is not None:
            one.reached.add(lane)
        name, event = signals.name(one.number), one.event
        self.transfers.append(Transfer("signal", name, one.source, lane, event.index, received, event.time, at))

    def _add_direct(self, kind: ArrowKind, label: str, source: int, target: int, event: Event) -> None:
        self.transfers.append(Transfer(kind, label, source, target, event.index, event.index, event.time, event.time))
