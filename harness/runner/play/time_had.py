"""The time that the tasks of an execution have had: on a busy machine less than passes on the clock."""

from __future__ import annotations

import time

from proctor.harness.runner import processes
from proctor.harness.runner.play.observer import Observer

SAMPLE_EVERY = 0.1
"""Seconds from one look at the delays to the next: what ended in between takes its delay along."""
DELAYS_ARE_KNOWN = processes.delays_are_known()


class TimeHad:
    """The time that tasks had. One that is ready to run but gets no CPU makes no progress, and has not failed to do
    anything either.

    It is measured twice, and the larger figure holds. What was used of the CPU, and the time in which all tasks were
    blocked, is too little where looks come when an event wakes a task, for then it runs. The time on the clock without
    the delays of the tasks is too little where a launcher has more busy threads than there are CPUs.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._cpu_before: float | None = None
        self._delays: dict[int, float] | None = None
        self._delayed = self._own_before = self._sampled = 0.0

    def begin(self) -> None:
        """Note what was used before; once, at the first look, so that a wait without one costs nothing. At later looks
        add up the delays, if it is time to; the first time they are only noted, so a short wait does not pay for it."""
        if self._cpu_before is None:
            self._cpu_before = self._observer.cpu_seconds()
            self._own_before, self._sampled = time.process_time(), time.monotonic()
        elif time.monotonic() - self._sampled >= SAMPLE_EVERY:
            self._sample()

    def cpu_seconds(self) -> float:
        """Return the CPU time, in seconds, that was used since then."""
        return 0.0 if self._cpu_before is None else max(0.0, self._observer.cpu_seconds() - self._cpu_before)

    def seconds(self, idle: float, waited: float) -> float:
        """Return the seconds that the tasks have had. idle: those in which all were blocked; waited: the time on the
        clock, which is more."""
        if self._cpu_before is None:
            return waited
        used = self.cpu_seconds() + idle
        if self._observer.is_traced:  # we run while a traced task is stopped, and on its behalf
            used += time.process_time() - self._own_before
        if not DELAYS_ARE_KNOWN:
            return min(waited, used)
        if self._delays is None:  # there was only one look, so all delays count that tasks ever had
            self._delays = {}
        self._sample()
        return min(waited, max(used, waited - self._delayed))

    def _sample(self) -> None:
        now = time.monotonic()
        delays, waits_for_disk = self._observer.delays()
        if self._delays is not None:
            self._delayed += sum(max(0.0, delay - self._delays.get(tid, 0.0)) for tid, delay in delays.items())
            self._delayed += now - self._sampled if waits_for_disk else 0.0
        self._delays, self._sampled = delays, now
