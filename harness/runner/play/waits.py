"""The two things an execution waits for, a fact and quiescence, and the one loop that waits for either."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from proctor.harness import history
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.play.observer import FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, SETTLE_LIMIT, Observer
from proctor.harness.runner.play.resting import Resting
from proctor.harness.runner.play.spinning import SPINS_FOR, SpinWatch
from proctor.harness.runner.play.time_had import TimeHad
from proctor.harness.scenario import USUALLY_WITHIN

Result = TypeVar("Result")

STARVED_FOR = 60.0
"""Seconds that a wait goes on at the most because the tasks did not get the CPU time that they were given; four times
as long as they are given, if that is longer."""
LEAST_MISSING = 0.2
"""Share of that time which may be missing: it is not measured exactly."""
UNSEEN_TIMER = history.OpenWait(0, "timer")


class WaitOutcome(NamedTuple):
    """How a wait for a fact ended. came: the fact is there. sure: it can never come. idle: seconds in which all tasks
    were blocked. open: waits that may still end by what we do not see, so that it is not sure. ran: the CPU time in
    seconds that was used, where that was most of the time: something spins, or computes. spins: it was given up because
    of that. starved: the tasks did not get the time that they are given, so nothing can be said."""

    came: bool
    sure: bool
    seconds: float
    idle: float
    open: tuple[history.OpenWait, ...] = ()
    ran: float = 0.0
    spins: bool = False
    starved: bool = False


class _Wait(ABC, Generic[Result]):
    """One wait. A round serves events, looks at all tasks and lets the director act; then the wait may be over."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._rest = Resting()
        self._start = time.monotonic()
        self._is_drained = False

    def run(self) -> Result:
        """Wait until it is over."""
        while True:
            if not self._is_drained:
                self._observer.drain()
            self._is_drained = False
            result = self._before_look()
            if result is not None:
                return result
            if not self._is_time_to_look():
                continue
            look = self._observer.look()
            is_quiet = not self._observer.drain()
            if not is_quiet and self._events_delay_looks:
                continue
            is_quiet = is_quiet and self._rest.seen(look)
            if self._observer.let_director_act(is_quiet, self._rest):
                # what rested while a task waited for its turn did so because of us
                self._rest = Resting(self._rest.ticking - self._rest.now)
                self._look_often()
                continue
            result = self._after_look(look, is_quiet)
            if result is not None:
                return result

    _events_delay_looks: bool
    """Whether a look at which there were events counts for nothing."""

    @abstractmethod
    def _before_look(self) -> Result | None:
        """Return the result if the wait is over whatever the tasks are doing."""

    @abstractmethod
    def _is_time_to_look(self) -> bool:
        """Wait a while for events; return whether to look at the tasks now."""

    @abstractmethod
    def _look_often(self) -> None:
        """The director has let a task go on: start again with short pauses."""

    @abstractmethod
    def _after_look(self, look: quiescence.Rest, is_quiet: bool) -> Result | None:
        """Return the result if the wait is over after this look. is_quiet: all tasks were blocked at one moment since
        the look before, and there was no event."""


class FactWait(_Wait[WaitOutcome]):
    """Waits until `is_there()`, at most `within` seconds, or until it is certain that the fact never comes: all tasks
    have been at rest for `patience` seconds, and no timer is set for less than `within`. What wakes every second to
    look around may act at its next look, or count its looks. Nothing is certain while a wait is open, either; but what
    is on its way through a relay comes within SETTLE_LIMIT seconds, for only the kernel has a part in it.

    Where the machine is busy, it waits until the tasks have had `within` seconds, STARVED_FOR seconds longer at most.
    """

    _events_delay_looks = True

    def __init__(self, observer: Observer, is_there: Callable[[], bool], within: float, patience: float) -> None:
        super().__init__(observer)
        self._is_there, self._within, self._patience = is_there, within, patience
        self._deadline = self._start + within
        self._waited, self._left = 0.0, within
        self._pause = FIRST_PAUSE
        self._look_at_once = self._was_blocked = False
        self._had = TimeHad(observer)
        self._spinning = SpinWatch()
        self._open: tuple[history.OpenWait, ...] = ()
        self._open_for = PATIENCE if within <= USUALLY_WITHIN else within
        """Seconds for which an open wait is waited for while nothing runs; as long as all else if that has longer."""
        self._busy = 0
        """How many times in a row the current task was running, so that there was no look."""

    def _before_look(self) -> WaitOutcome | None:
        now = time.monotonic()
        self._waited, self._left = now - self._start, self._deadline - now
        if self._is_there():
            return WaitOutcome(True, False, self._waited, self._rest.total)
        if self._left <= 0:
            self._left = self._missing()
            self._deadline = now + self._left
        if self._left <= 0:
            ran = self._had.cpu_seconds()
            ran = ran if ran > self._rest.ticking else 0.0
            starved = self._not_had() > 0.0
            return WaitOutcome(
                self._is_there(), False, self._waited, self._rest.total, self._open, ran, starved=starved
            )
        return None

    def _missing(self) -> float:
        """Return the seconds for which the wait goes on, because the tasks have not had them yet; 0.0 for none."""
        return self._not_had() if self._waited < self._within + max(STARVED_FOR, 4 * self._within) else 0.0

    def _not_had(self) -> float:
        """Return the seconds that the tasks have not had of those that they are given; 0.0 if nearly none."""
        within = max(self._within, PATIENCE) if self._open else self._within
        missing = within - self._had.seconds(self._rest.ticking, self._waited)
        return missing if missing > LEAST_MISSING * within else 0.0

    def _is_time_to_look(self) -> bool:
        observer = self._observer
        self._pause = observer.until_look(self._pause, self._busy)
        serve = observer.pause if observer.director_waits and self._busy < 2 else observer.pump
        any_event = serve(0.0 if self._look_at_once else min(self._pause, self._left))
        if any_event or not observer.readable or observer.has_unwritten:
            # a traced launcher wakes us at each stop, and so does its output: all of it has been served
            self._is_drained = observer.is_traced and not observer.has_unwritten
            self._busy = 0
            return False
        if observer.is_current_running(self._rest):
            self._is_drained = True
            self._busy += 1
            return False
        self._busy = 0
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True

    def _look_often(self) -> None:
        self._pause, self._look_at_once = FIRST_PAUSE, False

    def _after_look(self, look: quiescence.Rest, is_quiet: bool) -> WaitOutcome | None:
        rest = self._rest
        self._had.begin()
        if not look.blocked and self._within > SPINS_FOR and self._spinning.spins(look):
            return WaitOutcome(self._is_there(), False, self._waited, rest.total, (), self._spinning.seconds, True)
        if look.blocked:  # a task that runs is no wait for anything
            self._open = look.open or ((UNSEEN_TIMER,) if rest.hidden_timer else ())
        only_relays = all(wait.why == "relays" for wait in look.open)
        patience = max(self._patience, SETTLE_LIMIT) if look.open else self._patience
        is_quiet = is_quiet and rest.now >= patience and not rest.is_overdue()
        if is_quiet and rest.wakes > self._left:
            is_quiet = self._observer.nothing_hidden(look, rest)
        # not `> self._left`: shortly before the deadline that holds for every timer
        if is_quiet and only_relays and rest.wakes > self._within:
            return WaitOutcome(self._is_there(), True, time.monotonic() - self._start, rest.total)
        if is_quiet and self._open and rest.now >= self._open_for and rest.wakes > self._within:
            return WaitOutcome(self._is_there(), False, time.monotonic() - self._start, rest.total, self._open)
        self._look_at_once = look.blocked and not self._was_blocked  # the second look, which proves the first
        self._was_blocked = look.blocked
        return None


class SettleWait(_Wait[history.SettleEnded]):
    """Waits for quiescence. Where a timer keeps going off, or a wait is open, it waits until all tasks have been
    blocked for `open_for` seconds. At most, the tasks get `busy_limit` seconds."""

    _events_delay_looks = False

    def __init__(self, observer: Observer, busy_limit: float, open_for: float) -> None:
        super().__init__(observer)
        self._busy_limit, self._open_for = busy_limit, open_for
        self._had = TimeHad(observer)
        self._pause = FIRST_PAUSE / 4
        self._reason = "" if observer.readable else "/proc/PID/syscall may not be read"
        self._open: tuple[history.OpenWait, ...] = ()
        self.wakes = timers.FOREVER
        """Seconds until a timer wakes a task, interval timers left out: they are in no file of their process."""
        self.came_to_rest = True
        self._was_blocked = False

    def _before_look(self) -> None:
        return None

    def _is_time_to_look(self) -> bool:
        return True

    def _look_often(self) -> None:
        self._pause = FIRST_PAUSE / 4

    def _after_look(self, look: quiescence.Rest, is_quiet: bool) -> history.SettleEnded | None:
        observer, rest = self._observer, self._rest
        seconds = time.monotonic() - self._start
        is_quiet = is_quiet and not look.open and rest.wakes >= SETTLE_LIMIT and observer.readable
        is_quiet = is_quiet and not rest.is_overdue()
        self.wakes = rest.wakes
        if is_quiet and observer.nothing_hidden(look, rest) and rest.wakes >= SETTLE_LIMIT:
            return history.SettleEnded("quiescent", round(seconds, 6))
        timer = f"a timer goes off within {rest.wakes:.3f} s" if rest.wakes != timers.FOREVER else ""
        self._reason = self._reason or (timer if look.blocked else "")
        if look.blocked:
            self._open = look.open or ((UNSEEN_TIMER,) if rest.hidden_timer else ())
        else:
            self._had.begin()
        only_relays = bool(self._open) and all(wait.why == "relays" for wait in self._open)
        limit = SETTLE_LIMIT if only_relays else self._open_for
        if (rest.ticking if observer.readable else seconds) >= limit:
            return history.SettleEnded("waited", round(seconds, 6), self._reason, self._open)
        if seconds >= self._busy_limit and self._has_had_its_time(seconds):
            self.came_to_rest = False
            reason = self._reason or ("" if look.blocked else "a task was running at every look")
            return history.SettleEnded("waited", round(seconds, 6), reason, self._open)
        self._pause_after(look)
        self._was_blocked = look.blocked
        return None

    def _has_had_its_time(self, seconds: float) -> bool:
        had = self._had.seconds(self._rest.ticking, seconds)
        return had >= (1 - LEAST_MISSING) * self._busy_limit or seconds >= self._busy_limit + STARVED_FOR

    def _pause_after(self, look: quiescence.Rest) -> None:
        if not look.blocked:
            self._observer.pause(self._pause)
            if not self._observer.yields:
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        elif self._rest.now > 0.0 or self._was_blocked:
            self._observer.pump(min(self._rest.wakes, LONGEST_PAUSE))
            self._rest.woke()
