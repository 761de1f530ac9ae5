"""How an execution waits: for a fact, with a deadline; for quiescence. Never for time alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from proctor.harness import history
from proctor.harness.errors import HarnessError
from proctor.harness.runner import processes
from proctor.harness.runner.play import cpu_time
from proctor.harness.runner.play.observer import LONGEST_PAUSE, SETTLE_LIMIT, Observer
from proctor.harness.runner.play.waits import FactWait, SettleWait, WaitOutcome

CERTAIN_AFTER = 0.1
"""Seconds for which all tasks must be at rest before an awaited fact is given up. It costs time only where something is
wrong, and a false accusation costs more."""
BUSY_LIMIT = 10.0
"""Seconds that a launcher gets to come to rest. One that did not gets SETTLE_LIMIT the next times."""


class Waiter:
    """Waits by serving events and looking at all tasks. rests: whether the launcher is known to come to rest."""

    def __init__(self, observer: Observer, rests: bool = True) -> None:
        self._observer = observer
        self._busy_limit = BUSY_LIMIT if rests else SETTLE_LIMIT
        self.came_to_rest = True
        """Whether all tasks came to rest each time that was waited for."""

    def drain(self) -> None:
        """Serve all events that are ready now."""
        self._observer.drain()

    def for_fact(self, is_there: Callable[[], bool], within: float, patience: float = CERTAIN_AFTER) -> WaitOutcome:
        """Wait until is_there(), or for `within` seconds, or until it is certain that it never will be; see
        FactWait."""
        return FactWait(self._observer, is_there, within, patience).run()

    def settle(self, limit: float = 0.0, open_for: float = SETTLE_LIMIT) -> history.SettleEnded:
        """Wait for quiescence; see SettleWait. If there is a timer then that goes off within `limit` seconds, wait for
        that, and for quiescence again. open_for: seconds for which an open wait is waited for."""
        settled, wakes = self._settle(open_for)
        if settled.how == "waited" or wakes >= limit:
            return settled
        start = time.monotonic()
        while (left := start + wakes - time.monotonic()) > 0:
            self._observer.drain()
            self._observer.pump(min(left, LONGEST_PAUSE))
        before = settled.seconds + time.monotonic() - start
        settled, _ = self._settle(open_for)
        return history.SettleEnded(settled.how, round(before + settled.seconds, 6), settled.reason, settled.open)

    def _settle(self, open_for: float) -> tuple[history.SettleEnded, float]:
        wait = SettleWait(self._observer, self._busy_limit, open_for)
        settled = wait.run()
        if not wait.came_to_rest:
            self.came_to_rest = False
            self.expect_no_rest()
        return settled, wait.wakes

    def cpu_used(self, witnesses: frozenset[int]) -> history.CpuUsed:
        """Measure the CPU time that all processes but these use now; see cpu_time."""
        return cpu_time.measure(self._observer, witnesses)

    def expect_no_rest(self) -> None:
        """Wait for SETTLE_LIMIT at most from now on: a launcher that did not come to rest while a fact was awaited in
        vain will not now."""
        self._busy_limit = SETTLE_LIMIT

    def until_stopped(self, pids: list[int]) -> None:
        """Wait until all of these are stopped or have ended; HarnessError where that takes longer than BUSY_LIMIT."""
        outcome = self.for_fact(lambda: all(_is_stopped(pid) for pid in pids), BUSY_LIMIT, patience=BUSY_LIMIT)
        if not outcome.came:
            raise HarnessError(f"processes {pids} did not stop on SIGSTOP within {BUSY_LIMIT} s")


def _is_stopped(pid: int) -> bool:
    return all(task.state in "TtZX" for task in processes.tasks(pid))
