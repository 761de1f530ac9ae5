"""Carries out the directives of a schedule for the tasks that are held at its points."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from proctor.harness import history
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.points import Points
from proctor.harness.runner.trace.possible import why_impossible
from proctor.harness.runner.trace.scheduler import Scheduler
from proctor.harness.runner.trace.task import State, TracedTask
from proctor.harness.runner.trace.task_table import TaskTable
from proctor.harness.schedule import (
    CallLauncher,
    Deliver,
    Directive,
    Fail,
    Failure,
    Hold,
    HoldTask,
    HoldUntil,
    Point,
    PressKey,
    ShortWrite,
)
from proctor.harness.target import Invocation

CONCURRENT = "beside"
"""The name, in schedules and histories, of the first call that a schedule makes; those after it are numbered."""
_TO_SEVERAL = ("launcher", "group", "all", "command")


class Effects(NamedTuple):
    """What directives do outside the traced tasks: send a signal, press a key, call the launcher once more."""

    send: Callable[[int, str], history.Sent]
    press: Callable[[PressKey, int], None]
    call: Callable[[Invocation, str], None]


class HeldTasks:
    """The tasks that are HELD or AWAITING_DELIVERY."""

    def __init__(
        self, tasks: TaskTable, scheduler: Scheduler, points: Points, recorder: Recorder, effects: Effects
    ) -> None:
        self._tasks, self._scheduler, self._points = tasks, scheduler, points
        self._recorder, self._effects = recorder, effects
        self._calls = 0

    def hold(self, task: TracedTask, directives: list[Directive]) -> None:
        """Hold a stopped task until these directives are carried out."""
        task.directives = directives
        self._tasks.move(task, State.HELD)
        for directive in directives:
            if isinstance(directive.action, Hold):
                self._recorder.add("tracer", history.DirectiveApplied(directive, "held"))
        self._release_if_fulfilled(task)

    # -- what releases a task at once

    def waiting_for_point(self, point: Point) -> list[TracedTask]:
        """Return the tasks that are held until another one reaches this point."""
        return [task for task in self._tasks.held() if task.held_for == HoldUntil(point)]

    def process_ended(self, process: str) -> None:
        """Release the tasks that are held until this process ends."""
        for task in self._tasks.held():
            if task.held_for == HoldTask(process, "ends"):
                self.release(task, "let go")

    def release(self, task: TracedTask, how: history.How) -> None:
        """End the hold of a task; it goes on unless it has more directives."""
        self._recorder.add("tracer", history.DirectiveApplied(task.directives.pop(0), how))
        self._next_directive(task)

    def _next_directive(self, task: TracedTask) -> None:
        if not task.directives:
            self._tasks.move(task, State.STOPPED)
            self._scheduler.resume_as_current(task)
            return
        if task.state is State.AWAITING_DELIVERY:
            self._tasks.move(task, State.HELD)
        self._release_if_fulfilled(task)

    def _release_if_fulfilled(self, task: TracedTask) -> None:
        """Release a task whose hold waits for something that has happened already."""
        hold = task.held_for
        if isinstance(hold, HoldUntil):
            is_fulfilled = self._points.was_reached(hold.point)
        elif hold and hold.does == "ends" and hold.process != CONCURRENT:
            is_fulfilled = self._tasks.has_ended(hold.process)
        else:
            is_fulfilled = False
        if is_fulfilled:
            self.release(task, "let go")

    # -- what is done at rest; each of these does one thing at most and returns whether it did

    def end_delivery(self) -> bool:
        """Let the task go on that has waited until a signal was taken."""
        for task in self._tasks.in_state(State.AWAITING_DELIVERY):
            self._next_directive(task)
            return True
        return False

    def act(self) -> bool:
        """Carry out the next directive that is an action."""
        for task in self._tasks.held():
            if not task.held_for:
                self._carry_out(task)
                return True
        return False

    def release_one(self) -> bool:
        """Release a task that is held until another process blocks, and all are at rest now; else the first of those
        whose holds cannot be fulfilled any more."""
        held = self._tasks.held()
        processes = {task.process for task in held}
        for task in held:
            hold = task.held_for
            if isinstance(hold, HoldTask) and hold.does == "blocks" and hold.process not in processes:
                self.release(task, "let go")
                return True
        if held:
            self.release(held[0], "forced")
        return bool(held)

    def _carry_out(self, task: TracedTask) -> None:
        directive = task.directives.pop(0)
        if isinstance(directive.action, Failure):
            self._begin_failure(task, directive, directive.action)
            return
        cause = self._recorder.add("tracer", history.DirectiveApplied(directive, "done"))
        if isinstance(directive.action, CallLauncher):
            self._calls += 1
            self._effects.call(
                directive.action.invoke, CONCURRENT if self._calls == 1 else f"{CONCURRENT}{self._calls}"
            )
        elif isinstance(directive.action, Deliver | PressKey):
            self.give(directive.action, cause)
        if self._tasks.others_of_process(task):
            self._tasks.move(task, State.AWAITING_DELIVERY)  # another thread may be the one that takes the signal
        else:
            self._next_directive(task)

    def _begin_failure(self, task: TracedTask, directive: Directive, action: Failure) -> None:
        """Make the call fail at whose entry the task is stopped. end_failure() sets at its exit what it returns."""
        if why := why_impossible(task, action):
            self._recorder.add("tracer", history.Unobserved("call-not-failed", task.pid, f"'{directive}': {why}"))
            self._next_directive(task)
            return
        try:
            if isinstance(action, Fail):
                ptrace.skip_call(task.tid)
            else:
                ptrace.set_size(task.tid, action.count)
        except OSError as error:
            self._recorder.add("tracer", history.Unobserved("call-not-failed", task.pid, str(error)))
        else:
            task.failure = action
            self._recorder.add("tracer", history.DirectiveApplied(directive, "done"))
        self._next_directive(task)

    def end_failure(self, task: TracedTask) -> None:
        """Set what a call returns that was made to fail, or restore its arguments: the task is at its exit."""
        action, task.failure = task.failure, None
        if action is None:
            return
        try:
            match action:
                case Fail(error=_):
                    ptrace.set_result(task.tid, -action.number)
                case ShortWrite():
                    ptrace.set_size(task.tid, task.arguments[2])
        except OSError as error:
            if error.errno != errno.ESRCH:  # it was killed meanwhile
                self._recorder.add("tracer", history.Unobserved("call-not-failed", task.pid, str(error)))

    def give(self, action: Deliver | PressKey, cause: int) -> None:
        """Send a signal or press a key. cause: the index of the event that caused it."""
        if isinstance(action, Deliver):
            self._recorder.add("runner", msgspec.structs.replace(self._deliver(action), cause=cause))
        else:
            self._effects.press(action, cause)

    def _deliver(self, action: Deliver) -> history.Sent:
        if action.to in _TO_SEVERAL:
            return self._effects.send(action.signal, action.to)
        task = self._tasks.named(action.to)
        if task is None:
            return history.Sent(action.signal, action.to, 0, errno.ESRCH)
        error = ptrace.signal_thread(task.pid, task.tid, action.signal) if task.is_thread else 0
        if not task.is_thread:
            os.kill(task.pid, action.signal)  # only this process reaps it, so the pid cannot be another's
        return history.Sent(action.signal, action.to, task.tid, error)
