"""How long all tasks have been at rest, from one look at them to the next."""

from __future__ import annotations

import time

from proctor.harness.runner.observe import quiescence, timers

OVERDUE_FOR = 0.1
"""Seconds after a timer was due for which its effect may still come."""


class Resting:
    """Adds up the time in which all tasks were blocked: from the end of one look to the start of the next, where none
    ran in between.

    began: when this began, on the monotonic clock. now: seconds of the current rest. total: of all rests. ticking:
    as total, but a task may have run in between because a timer woke it, or may run now. wakes: as in
    `quiescence.Rest`, the smaller of two looks, for a timer may go off in the middle of one. hidden_timer: whether one
    may be set whose time cannot be read.
    """

    def __init__(self, ticking: float = 0.0) -> None:
        """ticking: seconds from before the director acted."""
        self._before: quiescence.Rest | None = None
        self.began = time.monotonic()
        self._since = 0.0
        self._last = self._woke = 0.0
        self.now = self.total = 0.0
        self.ticking = ticking
        self.wakes = timers.FOREVER
        self.hidden_timer = False
        self._due = timers.FOREVER

    def seen(self, look: quiescence.Rest) -> bool:
        """Take in a look; return whether all tasks were blocked at one moment since the look before."""
        same = look.blocked and self._before is not None and look.fingerprint == self._before.fingerprint
        self.wakes = look.wakes
        if self._before:
            self.ticking += max(0.0, (look.began if look.blocked else self._woke) - self._last)
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

    def woke(self) -> None:
        """Take in that until now nothing has happened since the last look: no event, at least."""
        self._woke = time.monotonic()

    def expect(self, wakes: float) -> None:
        """Take in that a timer wakes a task within so many seconds."""
        self.wakes = min(self.wakes, wakes)
        self._due = min(self._due, time.monotonic() + wakes)

    def is_overdue(self) -> bool:
        """Return whether a timer was due a moment ago and no task has run since: a virtual machine may have been paused
        after the timer left the kernel's lists and before the task woke."""
        return 0.0 <= time.monotonic() - self._due < OVERDUE_FOR
