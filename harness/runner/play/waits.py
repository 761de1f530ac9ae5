"""The two things an execution waits for, a fact and quiescence, and the one loop that waits for either."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from proctor.harness import history
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.play.observer import FIRST_PAUSE, LONGEST_PAUSE, SETTLE_LIMIT, Observer
from proctor.harness.runner.play.resting import Resting

Result = TypeVar("Result")


class WaitOutcome(NamedTuple):
    """How a wait for a fact ended. came: the fact is there. sure: it can never come. idle: seconds in which all tasks
    were blocked."""

    came: bool
    sure: bool
    seconds: float
    idle: float


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
                self._rest = Resting()
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
    have been at rest for `patience` seconds, and no timer goes off before the deadline, or each that does has gone off
    twice and nothing came of it (tini wakes every second to look around)."""

    _events_delay_looks = True

    def __init__(self, observer: Observer, is_there: Callable[[], bool], within: float, patience: float) -> None:
        super().__init__(observer)
        self._is_there, self._patience = is_there, patience
        self._deadline = self._start + within
        self._waited, self._left = 0.0, within
        self._pause = FIRST_PAUSE
        self._look_at_once = self._was_blocked = False
        self._slowest_timer = 0.0
        self._busy = 0
        """How many times in a row the current task was running, so that there was no look."""

    def _before_look(self) -> WaitOutcome | None:
        now = time.monotonic()
        self._waited, self._left = now - self._start, self._deadline - now
        if self._is_there() or self._left <= 0:
            return WaitOutcome(self._is_there(), False, self._waited, self._rest.total)
        return None

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
        is_quiet = is_quiet and rest.now >= self._patience and not rest.is_overdue()
        if is_quiet and rest.wakes > self._left:
            is_quiet = self._observer.nothing_hidden(look, rest)
        if rest.wakes != timers.FOREVER:
            self._slowest_timer = max(self._slowest_timer, rest.wakes)
        no_timer_helps = rest.wakes > self._left or self._waited > 2 * self._slowest_timer
        if is_quiet and not look.unknown and no_timer_helps:
            return WaitOutcome(self._is_there(), True, time.monotonic() - self._start, rest.total)
        self._look_at_once = look.blocked and not self._was_blocked  # the second look, which proves the first
        self._was_blocked = look.blocked
        return None


class SettleWait(_Wait[history.SettleEnded]):
    """Waits for quiescence. Where that cannot be read, or a timer keeps going off, it waits until all tasks have been
    blocked for SETTLE_LIMIT seconds; at most `busy_limit` seconds in all."""

    _events_delay_looks = False

    def __init__(self, observer: Observer, busy_limit: float) -> None:
        super().__init__(observer)
        self._busy_limit = busy_limit
        self._pause = FIRST_PAUSE / 4
        self._reason = "" if observer.readable else "/proc/PID/syscall may not be read"
        self.wakes = timers.FOREVER
        """Seconds until a timer wakes a task, interval timers left out: they are in no file of their process."""
        self.came_to_rest = True

    def _before_look(self) -> None:
        return None

    def _is_time_to_look(self) -> bool:
        return True

    def _look_often(self) -> None:
        self._pause = FIRST_PAUSE / 4

    def _after_look(self, look: quiescence.Rest, is_quiet: bool) -> history.SettleEnded | None:
        observer, rest = self._observer, self._rest
        seconds = time.monotonic() - self._start
        is_quiet = is_quiet and not look.unknown and rest.wakes >= SETTLE_LIMIT and observer.readable
        is_quiet = is_quiet and not rest.is_overdue()
        self.wakes = rest.wakes
        if is_quiet and observer.nothing_hidden(look, rest) and rest.wakes >= SETTLE_LIMIT:
            observer.stirred = False
            return history.SettleEnded("quiescent", round(seconds, 6))
        timer = f"a timer goes off within {rest.wakes:.3f} s" if rest.wakes != timers.FOREVER else ""
        self._reason = look.unknown or rest.unknown or self._reason or (timer if look.blocked else "")
        if (rest.ticking if observer.readable else seconds) >= SETTLE_LIMIT:
            return history.SettleEnded("waited", round(seconds, 6), self._reason)
        if seconds >= self._busy_limit:
            self.came_to_rest = False
            return history.SettleEnded("waited", round(seconds, 6), self._reason or "a task was running at every look")
        self._pause_after(look)
        return None

    def _pause_after(self, look: quiescence.Rest) -> None:
        if not look.blocked:
            self._observer.pause(self._pause)
            if not self._observer.yields:
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        elif self._rest.now > 0.0:
            self._observer.pump(min(self._rest.wakes, LONGEST_PAUSE))
