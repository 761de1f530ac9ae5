"""A launcher that spins: it computes for ever, so that what is awaited never comes.

That cannot be proven, but a wait of half a minute at each start need not be sat out: a program that computes something
reads, writes or touches memory that it has not used before at least once within SPINS_FOR seconds of CPU time.
"""

from __future__ import annotations

import os
import re
import time

from proctor.harness import settings
from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence, timers

SPINS_FOR = settings.seconds(settings.START_WITHIN) / 3
"""Seconds of CPU time. A longer PROCTOR_START_WITHIN makes it longer."""
LOOK_EVERY = 0.2
"""Seconds from one reading to the next."""
_CALLS = re.compile(rb"syscr: (\d+)\nsyscw: (\d+)\n")


class SpinWatch:
    """Adds up the CPU time that is used while nothing else happens at all."""

    def __init__(self) -> None:
        self._next = 0.0
        self._activity: object = None
        self._cpu_before = 0.0
        self.seconds = 0.0
        """The CPU time in seconds that was used since something else happened."""

    def spins(self, look: quiescence.Rest) -> bool:
        """Take in a look at which a task ran; return whether SPINS_FOR seconds have been used up. Nothing
        counts while a task waits with a timeout or for a process outside, or may have an interval timer."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + LOOK_EVERY
        may_go_on = look.wakes != timers.FOREVER or look.open or look.alarm or look.posix
        activity = None if may_go_on else _activity(quiescence.descendants(os.getpid()))
        used = quiescence.usage().cpu_seconds
        if activity is None or activity != self._activity:
            self._activity, self._cpu_before = activity, used
        self.seconds = used - self._cpu_before
        return self.seconds >= SPINS_FOR


def _activity(pids: list[int]) -> tuple[object, ...] | None:
    """Return what changes whenever a process does more than compute; None where that cannot be read."""
    found: list[object] = []
    for pid in pids:
        try:
            calls = _CALLS.search(processes.contents(f"/proc/{pid}/io"))
        except OSError:
            return None
        waits = tuple((task.tid, task.switches[0]) for task in processes.tasks(pid))
        found.append((pid, calls.groups() if calls else None, processes.usage(pid).page_faults, waits))
    return tuple(found)
