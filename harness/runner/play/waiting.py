"""How an execution waits: for a fact, with a deadline; for quiescence. Never for time alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from proctor.harness import history
from proctor.harness.errors import HarnessError
from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.observe.terminal import Pipes, Terminal
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.trace.tracing import Tracing

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
MOST_YIELDS = 4
"""Times that others are let run before we sleep a while."""
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.01


class WaitOutcome(NamedTuple):
    """How a wait ended. came: the fact is there. sure: it never will be. idle: time in which everyone was blocked."""

    came: bool
    sure: bool
    seconds: float
    idle: float


class Waiter:
    """Serves the sources until something is so."""

    def __init__(
        self,
        sources: Sources,
        registry: ProcessRegistry,
        streams: Terminal | Pipes,
        tracing: Tracing,
        rests: bool = True,
    ) -> None:
        self._sources = sources
        self._registry = registry
        self._tracing = tracing
        self._director = tracing.director
        self._streams = streams
        self.readable = quiescence.can_be_read()
        self.stirred = True
        """Whether something was done since the last settling that may have made the launcher set a timer."""
        self._busy_limit = BUSY_LIMIT if rests else SETTLE_LIMIT
        self._wakes = timers.FOREVER
        self._yields = 0
        self._looked: quiescence.Rest | None = None
        self.came_to_rest = True
        """Whether everyone always came to rest when that was waited for."""
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
                raise quiescence.TooMany("processes", quiescence.MAX_PROCESSES)
            self._next_count = time.monotonic() + COUNT_EVERY[self._alone]
        return self._sources.pump(seconds)

    def _pause(self, seconds: float) -> bool:
        """Serve what is ready within so many seconds. On the one core that a traced launcher shares with us it runs as
        soon as we let it, and when we run again it has come to something: no need to sleep, unless it takes long."""
        if seconds and self._director and self._yields < MOST_YIELDS:
            self._yields += 1
            os.sched_yield()
            seconds = 0.0
        any_event = self._pump(seconds)
        if any_event or seconds:
            self._yields = 0
        return any_event

    def _look(self) -> quiescence.Rest:
        pids, witnesses = quiescence.everyone(os.getpid()), self._registry.witness_pids()
        kept_still, in_vfork = self._tracing.kept_still(), self._tracing.in_vfork()
        self._looked = quiescence.look(pids, witnesses, kept_still, in_vfork, self._looked)
        return self._looked

    def _directed(self, at_rest: bool, since: float) -> bool:
        """Let the director do the next thing, now that everyone else has come to rest; return whether it did. A
        launcher that never comes to rest is not waited for longer than SETTLE_LIMIT seconds."""
        director = self._director
        if not director or not director.is_waiting:
            return False
        if not at_rest and time.monotonic() - since < SETTLE_LIMIT:
            return False
        return director.on_rest()

    @property
    def _waits_for_rest(self) -> bool:
        """Whether the director waits until everyone rests."""
        return self._director is not None and self._director.is_waiting

    def _until_a_look(self, pause: float, busy: int) -> float:
        """Return for how many seconds to wait for an event before looking at everyone. busy: how many looks in a row
        have shown that who has the turn is at work."""
        if self._streams.has_unwritten or self._waits_for_rest:
            # no event tells that the terminal has room again, or that all rest
            return min(pause, FIRST_PAUSE / 4 * (1 + min(busy, 3)))
        if self._director:
            return LONGEST_PAUSE  # whatever it comes to stops it; looks would only take the core from it
        return pause

    def _is_busy(self, rest: _Resting) -> bool:
        """Whether a look would only show that who has the turn is running: it costs him as much time as us."""
        director = self._director
        if director is None or not director.is_waiting or time.monotonic() - rest.began >= SETTLE_LIMIT:
            return False
        return director.is_busy()

    def _nothing_hidden(self, look: quiescence.Rest, rest: _Resting) -> bool:
        """Take the timers that no process shows into rest.wakes; return whether everyone rested while that was read.
        To look for them takes a millisecond, so only where they may be."""
        director = self._director
        if not look.posix and not (look.alarm and self.stirred and (director is None or director.may_have_timers)):
            return True
        hidden = timers.hidden()
        if hidden is None:
            rest.unknown = "a POSIX timer is set, its time cannot be read" if look.posix else ""
            return not look.posix
        still = rest.seen(self._look()) and not self.drain()
        rest.expect(hidden)
        return still

    def for_fact(self, is_there: Callable[[], bool], within: float, patience: float = CERTAIN_AFTER) -> WaitOutcome:
        """Wait until is_there(), or for `within` seconds, or until it is certain that it never will be: everyone has
        been quiescent for `patience` seconds, with no timer that goes off before the deadline; or those that do have
        gone off twice meanwhile and nothing came of it (tini wakes every second to look around)."""
        start = time.monotonic()
        deadline = start + within
        pause = FIRST_PAUSE
        at_once = again = fresh = False
        slowest = 0.0
        busy = 0
        rest = _Resting()
        while True:
            if not fresh:
                self.drain()
            fresh = False
            now = time.monotonic()
            if is_there() or now >= deadline:
                return WaitOutcome(is_there(), False, now - start, rest.total)
            pause = self._until_a_look(pause, busy)
            serve = self._pause if self._waits_for_rest and busy < 2 else self._pump
            any_event = serve(0.0 if at_once else min(pause, deadline - now))
            if any_event or not self.readable or self._streams.has_unwritten:
                # one stop of a traced launcher after the other: each wakes us, and so does what is printed meanwhile
                fresh = self._director is not None and not self._streams.has_unwritten
                busy = 0
                continue
            if self._is_busy(rest):
                fresh = True
                busy += 1
                continue
            busy = 0
            pause = min(2 * pause, LONGEST_PAUSE)
            look = self._look()
            if self.drain():
                continue
            same = rest.seen(look)
            if self._directed(same, rest.began):
                rest, pause, at_once = _Resting(), FIRST_PAUSE, False
                continue
            quiet = same and rest.now >= patience and not rest.is_overdue()
            if quiet and rest.wakes > deadline - now:
                quiet = self._nothing_hidden(look, rest)
            slowest = max(slowest, rest.wakes if rest.wakes != timers.FOREVER else 0.0)
            if quiet and not look.unknown and (rest.wakes > deadline - now or now - start > 2 * slowest):
                return WaitOutcome(is_there(), True, time.monotonic() - start, rest.total)
            at_once = look.blocked and not again  # the second look, which proves the first
            again = look.blocked

    def settle(self, limit: float = 0.0) -> history.SettleEnded:
        """Wait for quiescence; and if there is a timer then that goes off within `limit` seconds, for that and for
        quiescence again. Interval timers are in no file of their process, and not waited for here."""
        settled = self._settle()
        if settled.how == "waited" or self._wakes >= limit:
            return settled
        start = time.monotonic()
        while (left := start + self._wakes - time.monotonic()) > 0:
            self.drain()
            self._pump(min(left, LONGEST_PAUSE))
        before = settled.seconds + time.monotonic() - start
        settled = self._settle()
        return history.SettleEnded(settled.how, round(before + settled.seconds, 6), settled.reason)

    def _settle(self) -> history.SettleEnded:
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
            if self._directed(quiet, rest.began):
                rest, pause = _Resting(), FIRST_PAUSE / 4
                continue
            now = time.monotonic()
            quiet = quiet and not look.unknown and rest.wakes >= SETTLE_LIMIT and self.readable
            quiet = quiet and not rest.is_overdue()
            self._wakes = rest.wakes
            if quiet and self._nothing_hidden(look, rest) and rest.wakes >= SETTLE_LIMIT:
                self.stirred = False
                return history.SettleEnded("quiescent", round(now - start, 6))
            reason = look.unknown or rest.unknown or reason or (_timer(rest.wakes) if look.blocked else "")
            if (rest.ticking if self.readable else now - start) >= SETTLE_LIMIT:
                return history.SettleEnded("waited", round(now - start, 6), reason)
            if now - start >= self._busy_limit:
                self._busy_limit = SETTLE_LIMIT
                self.came_to_rest = False
                return history.SettleEnded("waited", round(now - start, 6), reason or "somebody is always running")
            if not look.blocked:
                self._pause(pause)
                if not self._yields:
                    pause = min(2 * pause, LONGEST_PAUSE)
            elif rest.now > 0.0:
                self._pump(min(rest.wakes, LONGEST_PAUSE))

    def expect_no_rest(self) -> None:
        """Who did not come to rest while a fact was awaited in vain will not now: settle for SETTLE_LIMIT at most."""
        self._busy_limit = SETTLE_LIMIT

    def until_stopped(self, pids: list[int]) -> None:
        """Wait until all of these are stopped or have gone."""
        outcome = self.for_fact(lambda: all(_is_stopped(pid) for pid in pids), BUSY_LIMIT, patience=BUSY_LIMIT)
        if not outcome.came:
            raise HarnessError(f"processes {pids} did not stop on SIGSTOP within {BUSY_LIMIT} s")


def _is_stopped(pid: int) -> bool:
    return all(task.state in "TtZX" for task in processes.tasks(pid))


def _timer(wakes: float) -> str:
    return f"a timer goes off within {wakes:.3f} s" if wakes != timers.FOREVER else ""


class _Resting:
    """Adds up the time in which everyone was blocked: from the end of one look to the beginning of the next, where
    nothing ran in between. ticking: the same, whether or not a timer woke somebody in between. wakes: as in Rest, the
    less of two looks: a timer may go off in the middle of one."""

    def __init__(self) -> None:
        self._before: quiescence.Rest | None = None
        self.began = time.monotonic()
        self._since = 0.0
        self._last = 0.0
        self.now = self.total = self.ticking = 0.0
        self.wakes = timers.FOREVER
        self.unknown = ""
        self._due = timers.FOREVER

    def seen(self, look: quiescence.Rest) -> bool:
        """Take in a look; return whether everyone was blocked at one moment since the look before."""
        same = look.blocked and self._before is not None and look.fingerprint == self._before.fingerprint
        self.wakes = look.wakes
        if look.blocked and self._before:
            self.ticking += look.began - self._last
        if same and self._before:
            self.wakes = min(look.wakes, self._before.wakes)
            self.total += look.began - self._last
            self.now = look.began - self._since
        else:
            self._since = time.monotonic()
            self.now = 0.0
            self._due = timers.FOREVER
        self._last = time.monotonic()
        self._before = look if look.blocked else None
        self.expect(self.wakes)
        return same

    def expect(self, wakes: float) -> None:
        """Take in that somebody is woken by a timer within so many seconds."""
        self.wakes = min(self.wakes, wakes)
        self._due = min(self._due, time.monotonic() + wakes)

    def is_overdue(self) -> bool:
        """Whether a timer should have woken somebody a moment ago, and has not: between its leaving the kernel's lists
        and the waking the machine itself may have stood still (a virtual one does)."""
        return 0.0 <= time.monotonic() - self._due < CERTAIN_AFTER
