"""The one writer of histories."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from typing import Literal

import msgspec

from proctor.harness import history, signals
from proctor.harness.history import Event, Fact

Stream = Literal["terminal", "stdout", "stderr"]

KEPT_OUTPUT = 64 * 1024
"""Bytes of a stream that are kept; the rest is counted. A launcher may print 100 MB."""
FROM_US = ("runner", "outside")
"""Roles of the sender of what we sent; the second in a PID namespace of the launcher."""
KEPT_EVENTS = 20_000
"""Events that are kept of those that a launcher can cause without end; what the script does is always kept."""
_ENDLESS = (
    history.Received, history.Answered, history.Output, history.Stopped, history.Continued, history.SignalCall,
    history.PointReached, history.Milestone,
)  # fmt: skip


class SentSignals:
    """The signals that we sent, to pair each that a witness receives with the one that it answers."""

    def __init__(self) -> None:
        self._sent: list[tuple[int, history.Sent]] = []
        self._answered: set[tuple[str, int]] = set()

    def add(self, index: int, sent: history.Sent) -> None:
        """Take in a signal that was sent."""
        if not sent.errno:
            self._sent.append((index, sent))

    def answered_by(self, received: history.Received) -> int | None:
        """Return the index of the first signal of this number that can have led to this receipt and has not yet: sent
        to the process itself or its group where it comes from us, else to the launcher, which passed it on."""
        if received.code == signals.SI_KERNEL:
            return None
        process = received.process
        targets = {process, "group", "all"} if received.sender_role in FROM_US else {"launcher", "group", "all"}
        for index, sent in self._sent:
            key = process, index
            if sent.signal == received.signal and sent.to in targets and key not in self._answered:
                self._answered.add(key)
                return index
        return None


class Recorder:
    """Appends events, and keeps count of what the script waits for."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.events: list[Event] = []
        self.received: Counter[tuple[str, int]] = Counter()
        self.answered: Counter[tuple[str, str]] = Counter()
        self.milestones: Counter[tuple[str, str]] = Counter()
        self.ended: set[str] = set()
        self.greeted: set[str] = set()
        self.text = b""
        self._counts: dict[Stream, tuple[int, int]] = {}
        self._kept = 0
        self._dropped = False
        self._sent = SentSignals()

    def now(self) -> float:
        """Return seconds since the start of this history."""
        return time.monotonic() - self._start

    def since_start(self, nanoseconds: int) -> float:
        """Convert a witness' reading of the same clock."""
        return nanoseconds / 1e9 - self._start

    def add(self, source: str, fact: Fact) -> int:
        """Append an event that happens now; return its index."""
        match fact:
            case history.Received(process=process, signal=number):
                self.received[process, number] += 1
                fact = msgspec.structs.replace(fact, answers=self._sent.answered_by(fact))
            case history.Sent():
                self._sent.add(len(self.events), fact)
            case history.Answered(process=process, order=order):
                self.answered[process, order] += 1
            case history.Milestone(process=process, name=name):
                self.milestones[process, name] += 1
            case history.TerminalState(process=process):
                self.answered[process, "look"] += 1
            case history.Ended(process=process):
                self.ended.add(process)
            case history.WitnessReady(process=process) | history.HelperReady(process=process):
                self.greeted.add(process)
        if len(self.events) >= KEPT_EVENTS and isinstance(fact, _ENDLESS):
            if self._dropped:
                return len(self.events) - 1
            self._dropped = True
            source, fact = "runner", history.LimitExceeded("events", KEPT_EVENTS)
        self.events.append(Event(len(self.events), round(self.now(), 6), source, fact))
        return len(self.events) - 1

    def output(self, stream: Stream, data: bytes) -> None:
        """Note output: all of it is counted, the first part is kept."""
        count, crc = self._counts.get(stream, (0, 0))
        kept = data[: max(0, KEPT_OUTPUT - self._kept)]
        self._counts[stream] = (count + len(data), zlib.crc32(data, crc))
        self.text = (self.text + data)[-KEPT_OUTPUT:]
        self._kept += len(kept)
        if kept:
            self.add(stream, history.Output(stream, kept))

    def count_streams(self) -> None:
        """Note how much each stream has carried since this was last called."""
        for stream, (count, crc) in self._counts.items():
            self.add("runner", history.Outputs(stream, count, crc))
        self._counts.clear()
