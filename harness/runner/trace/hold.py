"""Stops processes for a while, so that they cannot be the cause of what happens meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable

from proctor.harness.runner import processes
from proctor.harness.runner.start import containment
from proctor.harness.runner.trace import ptrace


class ProcessHold:
    """Stops processes, parents first, and continues them, children first, so that no parent sees a stopped child.

    It uses ptrace, which neither the process nor its parent can see, and which SIGCONT (the kernel sends it with a
    hang-up) does not undo; SIGSTOP where ptrace is refused.
    """

    def __init__(self, pids: list[int], wait_until_stopped: Callable[[list[int]], None]) -> None:
        self.pids = tuple(pids)
        self.tids: list[int] = []
        self.how = "ptrace"
        try:
            for pid in pids:
                self._stop_all_of(pid)
        except OSError:
            self._let_tasks_go()
            self.how = "SIGSTOP"
            for pid in pids:
                containment.signal_pid(pid, signal.SIGSTOP)
            wait_until_stopped(pids)

    def _stop_all_of(self, pid: int) -> None:
        """Stop every task. Repeat while there are new ones: tasks that were not stopped yet may have created them."""
        while True:
            new = [tid for tid in processes.living_threads(pid) if tid not in self.tids]
            if not new:
                return
            for tid in new:
                if ptrace.stop_task(tid):
                    self.tids.append(tid)

    def _let_tasks_go(self) -> None:
        due = {task.tid for pid in self.pids for task in processes.tasks(pid) if task.due}
        for tid in reversed(self.tids):
            if tid not in due:
                ptrace.undo_interruption(tid)
            ptrace.let_task_go(tid)
        self.tids = []

    def release(self) -> None:
        """Let all of them go on."""
        self._let_tasks_go()
        if self.how == "SIGSTOP":
            for pid in reversed(self.pids):
                containment.signal_pid(pid, signal.SIGCONT)
