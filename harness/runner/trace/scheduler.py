"""Chooses which traced task runs, and resumes it.

While a schedule is in force, tasks stop only at visible system calls (see seccomp.py), at their birth and at signals.
At most one task is *current*. It passes these stops without waiting; every other task that stops becomes RUNNABLE. When
all tasks are at rest (each is blocked, or kept stopped by us), the director does exactly one thing: it carries out one
directive, or makes one runnable task current. The system never chooses between two tasks that could run, so the same
schedule gives the same history.

Invariants:

- A task is in one state, changed only by `TaskTable.move`, which refuses what `TRANSITIONS` does not allow.
- A task that is RUNNABLE, HELD or AWAITING_DELIVERY is in a ptrace stop that we have seen. Until we resume it, it
  reports nothing but its end.
- No task is STOPPED after the director has handled a wait status or a rest.
- At most one task is current, and at most one is AWAITING_DELIVERY.
- An untracked task is never RUNNABLE, HELD or AWAITING_DELIVERY, and never current.
- A directive is carried out only at rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from proctor.harness.calls import VISIBLE, returns_at_once
from proctor.harness.runner import processes
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.points import Points
from proctor.harness.runner.trace.task import State, TracedTask
from proctor.harness.runner.trace.task_table import TaskTable


class Scheduler:
    """Owns the current task. `resume` is the only way by which a stopped task runs again."""

    def __init__(self, tasks: TaskTable, points: Points, in_order: bool = False) -> None:
        """in_order: no task becomes current unless it is chosen; see order_player.py."""
        self._tasks, self._points, self._in_order = tasks, points, in_order
        self._current: TracedTask | None = None

    def is_current_running(self) -> bool:
        """Return whether there is a current task that is on a CPU or ready to be."""
        return self._current is not None and processes.is_running(self._current.tid)

    def run_or_queue(self, task: TracedTask, action: Callable[[], None]) -> None:
        """Do `action` now if the task is current or no task is; else make the task runnable and do it later."""
        if self._current is task or (self._current is None and not self._in_order):
            self._current = task
            action()
        else:
            self.queue(task, action)

    def queue(self, task: TracedTask, action: Callable[[], None]) -> None:
        """Make a stopped task runnable, with what is to be done when it is chosen."""
        self.give_up(task)
        task.next_action = action
        self._tasks.move(task, State.RUNNABLE)

    def give_up(self, task: TracedTask) -> None:
        """Let no task be current if this one is."""
        if self._current is task:
            self._current = None

    def yield_turn(self, task: TracedTask) -> None:
        """Let other stopped tasks run before a task that has called sched_yield(2). It spins until one of them has done
        something: so does Go's runtime until a thread that it has made is there."""
        if self._tasks.is_pending:
            task.yields += 1
            self.queue(task, lambda: self.resume(task))
        else:
            self.resume(task)

    def run_next(self, most_yields: float = math.inf) -> bool:
        """Make a runnable task current: one that has yielded less often before others, then the launcher's. Return
        whether there was one that has yielded at most so often."""
        runnable = [task for task in self._tasks.in_state(State.RUNNABLE) if task.yields <= most_yields]
        if not runnable:
            return False
        self._current = task = min(runnable, key=lambda task: (task.yields, task.process != "launcher", task.name))
        action, task.next_action = task.next_action, None
        self._tasks.move(task, State.STOPPED)
        assert action is not None
        action()
        return True

    def resume_as_current(self, task: TracedTask) -> None:
        """Resume a task that was stopped at a schedule point, as the current one. At an entry it is put back before
        the call, so that it acts on a signal before the call, not in it: a flag that a handler sets after the flag was
        checked and before pause(2) is the classic lost wake-up. A call that was made to fail is not begun again."""
        self._current = task
        place = ptrace.place_of(task.tid) if task.call else (0, 0)
        if task.call and not task.failure and ptrace.step_back(task.tid):
            task.again, task.call = (task.call, place), ""
        self.resume(task)

    def give_up_current(self) -> None:
        """Let no task be current."""
        self._current = None

    def run_chosen(self, task: TracedTask, goes_back: bool, drops: bool) -> None:
        """Make a runnable task current. goes_back: it is at the entry of a call and has a signal to act on, which it
        does before the call. drops: it is there and has signals without effect, which are dropped before the call, as
        they would have been without a tracer."""
        self._current = task
        action, task.next_action = task.next_action, None
        self._tasks.move(task, State.STOPPED)
        if goes_back and task.call and ptrace.step_back(task.tid):
            task.call = ""
            self.resume(task)
        elif drops and task.call:
            self.resume_as_current(task)
        else:
            assert action is not None
            action()

    def resume_to_exit(self, task: TracedTask) -> None:
        """Let a stopped task run until its call returns, though that is no schedule point."""
        self._tasks.move(task, State.RUNNING)
        ptrace.go_on_to_next_call(task.tid)

    def _ends_unseen(self, call: str) -> bool:
        """Whether nothing is decided at the exit of a call: it never blocks; or it is not visible, and what ends it is
        none of the choices of an order."""
        return returns_at_once(call) or (call not in VISIBLE and not self._in_order)

    def resume(self, task: TracedTask, number: int = 0, state: State = State.RUNNING) -> None:
        """Let a stopped task run, with signal `number` delivered to it; 0 for none. It is RUNNING then, or IN_VFORK."""
        may_be_short = bool(task.call) and task.failure is None and self._ends_unseen(task.call)
        if may_be_short and not self._points.wants(task, task.call, "exit"):
            task.call = ""  # the task stays current until after such a call, so a stop there would decide nothing
        self._tasks.move(task, state)
        if task.call:
            ptrace.go_on_to_next_call(task.tid, number)
        else:
            task.take_name_of_first()
            ptrace.go_on(task.tid, number)
