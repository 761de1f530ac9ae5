"""How an execution waits: for a fact, with a deadline; for quiescence. Never for time alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from harness import history
from harness.errors import HarnessError
from harness.runner import processes, quiescence, timers
from harness.runner.cast import Cast
from harness.runner.sources import Sources
from harness.runner.terminal import Pipes, Terminal

SETTLE_LIMIT = 1.0
"""Seconds. A timer that is set for less is waited for; and so long is waited where timers cannot be read."""
CERTAIN_AFTER = 0.1
"""Seconds for which everyone has to be quiescent before an awaited fact is given up: it costs time only where something
is wrong, and a wrong accusation costs more."""
BUSY_LIMIT = 10.0
"""Seconds after which a launcher that never comes to rest is taken as it is. The next times it gets SETTLE_LIMIT."""
DRAIN_LIMIT = 0.05
"""Seconds for which one draining goes on: a launcher may print for ever."""
COUNT_EVERY = {True: 0.005, False: 0.1}
"""Seconds from one count of the processes to the next; in a PID namespace of our own a count is one listing."""
OTHER_ENTRIES = 100
"""What else may be in /proc, generously: it has about 60 entries that are not processes."""
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.01


class Outcome(NamedTuple):
    """How a wait ended. came: the fact is there. sure: it never will be. idle: longest time everyone was blocked."""

    came: bool
    sure: bool
    seconds: float
    idle: float


class Waiter:
    """Serves the sources until something is so."""

    def __init__(self, sources: Sources, cast: Cast, streams: Terminal | Pipes) -> None:
        self._sources = sources
        self._cast = cast
        self._streams = streams
        self.readable = quiescence.can_be_read()
        self.stirred = True
        """Whether something was done since the last settling that may have made the launcher set a timer."""
        self._busy_limit = BUSY_LIMIT
        self._alone = os.getpid() == 1
        self._next_count = time.monotonic() + COUNT_EVERY[self._alone]

    def drain(self) -> bool:
        """Serve all that is ready now; return whether there was anything."""
        self._streams.flush_input()
        deadline = time.monotonic() + DRAIN_LIMIT
        any_event = self._streams.feed() or self._streams.drain(deadline)
        while self._pump(0):
            any_event = True
            if time.monotonic() > deadline:
                break
        return any_event

    def _pump(self, seconds: float) -> bool:
        """Serve what is ready. Whatever there is to serve, and a fork bomb ends a child every moment, the processes
        are counted now and then."""
        now = time.monotonic()
        if now >= self._next_count:
            count = processes.count_entries() - OTHER_ENTRIES if self._alone else len(quiescence.everyone(os.getpid()))
            if count > quiescence.MAX_PROCESSES:
                raise quiescence.TooMany(f"more than {quiescence.MAX_PROCESSES} processes at once")
            self._next_count = time.monotonic() + COUNT_EVERY[self._alone]
        return self._sources.pump(seconds)

    def _look(self) -> quiescence.Rest:
        return quiescence.look(quiescence.everyone(os.getpid()), self._cast.witness_pids())

    def _with_hidden_timers(self, look: quiescence.Rest) -> quiescence.Rest:
        """Add the timers that no process shows. To look for them takes a millisecond, so only where they may be."""
        if not look.posix and not (look.alarm and self.stirred):
            return look
        hidden = timers.hidden()
        if hidden is not None:
            return look._replace(wakes=min(look.wakes, hidden))
        return look._replace(unknown="a POSIX timer is set, its time cannot be read") if look.posix else look

    def for_fact(self, is_there: Callable[[], bool], within: float, patience: float = CERTAIN_AFTER) -> Outcome:
        """Wait until is_there(), or for `within` seconds, or until it is certain that it never will be: everyone has
        been quiescent for `patience` seconds, with no timer that goes off before the deadline; or those that do have
        gone off twice meanwhile and nothing came of it (tini wakes every second to look around)."""
        start = time.monotonic()
        deadline = start + within
        pause = FIRST_PAUSE
        at_once = again = False
        slowest = 0.0
        rest = _Resting()
        while True:
            self.drain()
            now = time.monotonic()
            if is_there() or now >= deadline:
                return Outcome(is_there(), False, now - start, rest.longest)
            if self._pump(0.0 if at_once else min(pause, deadline - now)) or not self.readable:
                continue
            pause = min(2 * pause, LONGEST_PAUSE)
            look = self._look()
            if self.drain():
                continue
            slowest = max(slowest, look.wakes if look.wakes != timers.FOREVER else 0.0)
            quiet = rest.seen(look) and not look.unknown and rest.now >= patience
            if quiet and look.wakes > deadline - now:
                look = self._with_hidden_timers(look)
                quiet = not look.unknown
            if quiet and (look.wakes > deadline - now or now - start > 2 * slowest):
                return Outcome(is_there(), True, time.monotonic() - start, rest.longest)
            at_once = look.blocked and not again  # the second look, which proves the first
            again = look.blocked

    def settle(self) -> history.Settled:
        """Wait for quiescence. Where it cannot be read, or a timer keeps going off, for SETTLE_LIMIT seconds in which
        everyone was blocked; for BUSY_LIMIT seconds at the most, SETTLE_LIMIT when it came to that before."""
        start = time.monotonic()
        pause = FIRST_PAUSE / 4
        rest = _Resting()
        reason = "" if self.readable else "/proc/PID/syscall may not be read"
        while True:
            self.drain()
            look = self._look()
            quiet = not self.drain() and rest.seen(look)
            now = time.monotonic()
            if quiet and not look.unknown and look.wakes >= SETTLE_LIMIT and self.readable:
                look = self._with_hidden_timers(look)
            if quiet and not look.unknown and look.wakes >= SETTLE_LIMIT and self.readable:
                self.stirred = False
                return history.Settled("quiescent", round(now - start, 6))
            reason = look.unknown or reason or (_timer(look) if look.blocked else "")
            if (rest.total if self.readable else now - start) >= SETTLE_LIMIT:
                return history.Settled("waited", round(now - start, 6), reason)
            if now - start >= self._busy_limit:
                self._busy_limit = SETTLE_LIMIT
                return history.Settled("waited", round(now - start, 6), reason or "somebody is always running")
            if not look.blocked:
                self._pump(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            elif rest.now > 0.0:
                self._pump(min(look.wakes, LONGEST_PAUSE))

    def until_stopped(self, pids: list[int]) -> None:
        """Wait until all of these are stopped or have gone."""
        outcome = self.for_fact(lambda: all(_is_stopped(pid) for pid in pids), BUSY_LIMIT, patience=BUSY_LIMIT)
        if not outcome.came:
            raise HarnessError(f"processes {pids} did not stop on SIGSTOP within {BUSY_LIMIT} s")


def _is_stopped(pid: int) -> bool:
    return all(task.state in "TtZX" for task in processes.tasks(pid))


def _timer(look: quiescence.Rest) -> str:
    return f"a timer goes off within {look.wakes:.3f} s" if look.wakes != timers.FOREVER else ""


class _Resting:
    """Adds up the time in which everyone was blocked: from one look to the next, where nothing ran in between."""

    def __init__(self) -> None:
        self._before: tuple[object, ...] | None = None
        self._since = 0.0
        self._last = 0.0
        self.now = self.longest = self.total = 0.0

    def seen(self, look: quiescence.Rest) -> bool:
        """Take in a look; return whether everyone was blocked at one moment since the look before."""
        at = time.monotonic()
        same = look.blocked and look.fingerprint == self._before
        if same:
            self.total += at - self._last
            self.now = at - self._since
            self.longest = max(self.longest, self.now)
        else:
            self._since = at
            self.now = 0.0
        self._last = at
        self._before = look.fingerprint if look.blocked else None
        return same
