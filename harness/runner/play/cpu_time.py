"""The CPU time that a launcher uses while nothing is asked of it."""

from __future__ import annotations

import os
import time

from proctor.harness.history import CpuUsed
from proctor.harness.runner import processes
from proctor.harness.runner.observe.quiescence import descendants
from proctor.harness.runner.play.observer import LONGEST_PAUSE, Observer

WINDOW = 1.0
"""Seconds for which it is measured."""
LONGEST_WINDOW = 10.0
"""Seconds, where the launcher is ready to run at most looks, but the machine is too busy to let it."""
MUCH = 0.2
"""Seconds of CPU time after which there is no doubt."""
MOSTLY = 0.5
"""The share of looks at which a task was ready to run from which on the launcher is not at rest."""


def measure(observer: Observer, witnesses: frozenset[int]) -> CpuUsed:
    """Measure the CPU time of all processes but the witnesses, those that come and go included. On a busy machine a
    task that never rests gets little of it, so this goes on until it has had MUCH, or LONGEST_WINDOW is over."""
    began, before = time.monotonic(), _used(witnesses)
    looks = ready = 0
    while True:
        observer.drain()
        observer.pump(LONGEST_PAUSE)
        pids = [pid for pid in descendants(os.getpid()) if pid not in witnesses]
        looks += 1
        ready += any(processes.is_running(tid) for pid in pids for tid in processes.threads(pid))
        during, now = time.monotonic() - began, _used(witnesses)
        used = {pid: seconds - before.get(pid, 0.0) for pid, seconds in now.items()}
        is_ready = ready > MOSTLY * looks
        total = sum(used.values())
        if (during >= WINDOW and not is_ready) or total >= MUCH or during >= LONGEST_WINDOW:
            most = max(used, key=lambda pid: used[pid], default=0)
            return CpuUsed(round(total, 3), round(during, 3), is_ready, processes.program_of(most) if most else "")


def _used(witnesses: frozenset[int]) -> dict[int, float]:
    """Return the CPU time, in seconds, of each process; under 0 that of those which were reaped here."""
    pids = [pid for pid in descendants(os.getpid()) if pid not in witnesses]
    return {0: processes.reaped_usage().cpu_seconds} | {pid: processes.usage(pid).cpu_seconds for pid in pids}
