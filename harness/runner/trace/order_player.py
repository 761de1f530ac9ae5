"""Carries out an order: at each rest it chooses one task or one stimulus, and records what came of it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable

import msgspec

from proctor.harness import history
from proctor.harness.calls import BIRTH, CALLS, Call
from proctor.harness.runner import processes
from proctor.harness.runner.observe import timers
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace.objects import objects_of
from proctor.harness.runner.trace.scheduler import Scheduler
from proctor.harness.runner.trace.task import State, TracedTask
from proctor.harness.runner.trace.task_table import TaskTable
from proctor.harness.schedule import SHARE_OF_STIMULI, RunTask, Stimulated, TotalOrder

_KILLED = 1 << (signal.SIGKILL - 1)

Settings = tuple[int, int, int]


class OrderPlayer:
    """The choices of one execution. give: carries out a stimulus; its argument is the index of the event that caused
    it."""

    def __init__(
        self, order: TotalOrder, tasks: TaskTable, scheduler: Scheduler, recorder: Recorder,
        give: Callable[[Stimulated, int], None],
    ) -> None:  # fmt: skip
        self._order, self._tasks, self._scheduler = order, tasks, scheduler
        self._recorder, self._give = recorder, give
        self._next = 0
        self._left = _all_stimuli(order)
        self._random = random.Random(order.seed) if order.seed is not None else None
        self._part = 1
        self._ran: TracedTask | None = None
        self._step: history.StepTaken | None = None
        self._results: dict[int, int] = {}
        """What the last call of each task has returned."""

    # -- what the director reports

    def next_part(self) -> None:
        """Take in that the script has come to its next part."""
        self.finish()
        self._part += 1

    def returned(self, task: TracedTask, result: int) -> None:
        """Take in what a call has returned."""
        self._results[task.tid] = result

    def took(self, task: TracedTask, number: int) -> None:
        """Take in that a task acts on a signal in its step."""
        if self._step and task is self._ran:
            self._step = msgspec.structs.replace(self._step, took=(*self._step.took, number))

    # -- choices

    @property
    def is_waiting(self) -> bool:
        """Whether a stimulus is to be given once all tasks are at rest."""
        return bool(self._stimuli())

    def can_go_on_at_once(self) -> bool:
        """Whether all tasks are kept stopped by us, so that all are at rest without a look."""
        states = (State.RUNNING, State.IN_VFORK, State.LISTENING)
        return not self._tasks.unclaimed_stops and not any(map(self._tasks.any_in, states))

    def next(self) -> bool:
        """Carry out the next choice; return whether there was one, or may be one soon. All tasks are at rest, unless
        one was killed and has not reported its end yet."""
        runnable = {task.name: task for task in sorted(self._tasks.in_state(State.RUNNABLE), key=_by_name)}
        settings = {name: _settings(task.tid) for name, task in runnable.items()}
        if any(due & _KILLED for _, due, _ in settings.values()):
            os.sched_yield()  # it shares our core
            return True  # nothing is at rest before it has ended
        self.finish()
        stimuli = {str(stimulus): stimulus for stimulus in self._stimuli()}
        if not runnable and not stimuli:
            return False
        able = tuple(history.Able(name, _does(task, settings[name][1])) for name, task in runnable.items())
        able += tuple(history.Able(name, "stimulus") for name in stimuli)
        actor = self._choose(list(runnable), list(stimuli))
        if actor in stimuli:
            self._ran = None
            cause = self._recorder.add("tracer", history.StepTaken(actor, able, self._part))
            self._scheduler.give_up_current()
            self._left.remove(stimuli[actor])
            self._give(stimuli[actor], cause)
        else:
            self._run(runnable[actor], able, settings[actor])
        return True

    def _stimuli(self) -> list[Stimulated]:
        """Return the stimuli that could be given now, each once."""
        if not self._left or self._part != self._order.part or self._tasks.has_ended("launcher"):
            return []
        return list(dict.fromkeys(self._left))

    def _choose(self, tasks: list[str], stimuli: list[str]) -> str:
        choices = self._order.choices
        if self._next < len(choices):
            choice = choices[self._next]
            self._next += 1
            actor = choice.task if isinstance(choice, RunTask) else str(choice)
            if actor in tasks or actor in stimuli:
                return actor
            self._recorder.add("tracer", history.ChoiceRefused(choice, self._next))
            self._next = len(choices)
        if self._random:
            is_stimulus = bool(stimuli) and (not tasks or self._random.random() < SHARE_OF_STIMULI)
            return self._random.choice(stimuli if is_stimulus else tasks)
        last = self._ran.name if self._ran else ""
        return last if last in tasks else [*tasks, *stimuli][0]

    def _run(
        self, task: TracedTask, able: tuple[history.Able, ...], settings: tuple[Settings | None, int, int]
    ) -> None:
        self._ran = task
        before, due, to_drop = settings
        call, _, when = task.stands_at.partition(" ")
        parent = task.parent
        self._step = history.StepTaken(
            task.name, able, self._part, call, "entry" if when == "entry" else "exit",
            objects_of(task, self._tasks) if when == "entry" else (), before=before, parent=parent,
            result=self._results.get(task.tid) if when == "exit" and call != BIRTH else None,
            threads=task.is_thread or task.threads > 1,
            shares_memory=call == BIRTH and parent != "" and processes.shares_memory(task.pid),
        )  # fmt: skip
        self._scheduler.run_chosen(task, goes_back=bool(due) and when == "entry", drops=bool(to_drop))

    def finish(self) -> None:
        """Record the step that has come to its end: all tasks are at rest, or the execution is over."""
        step, task, self._step = self._step, self._ran, None
        if step is None or task is None:
            return
        if task.state is State.GONE:
            step = msgspec.structs.replace(step, has_ended=True)
        else:
            after, _, _ = _settings(task.tid)
            step = msgspec.structs.replace(step, after=after, is_command=task.untracked)
            if task.state is not State.RUNNABLE and not task.untracked:
                name, timeout = _blocked_in(task)
                step = msgspec.structs.replace(step, waits=name, timeout=timeout)
        self._recorder.add("tracer", step)


def _all_stimuli(order: TotalOrder) -> list[Stimulated]:
    """Return those of `at_rest`, and those of the choices that are not among them."""
    left = list(order.at_rest)
    for choice in order.choices:
        if isinstance(choice, RunTask):
            continue
        if choice in left:
            left.remove(choice)
    return [*(choice for choice in order.choices if not isinstance(choice, RunTask)), *left]


def _by_name(task: TracedTask) -> tuple[bool, int, str]:
    return task.process != "launcher", len(task.name), task.name


def _settings(tid: int) -> tuple[Settings | None, int, int]:
    """Return what a task does about signals, and the signals that are due to it, and to be dropped, as bits."""
    found = processes.signals_of(tid)
    return (None, 0, 0) if found is None else ((*found[:3],), found.due, found.to_drop)


def _does(task: TracedTask, due: int) -> str:
    numbers = "".join(f" +{n}" for n in range(1, 65) if due >> (n - 1) & 1)
    return task.stands_at + numbers


def _blocked_in(task: TracedTask) -> tuple[str, bool]:
    """Return the visible call in which a task is blocked, "?" for another one; and whether time alone ends it."""
    if task.state is State.IN_VFORK:
        return "vfork", False
    if not task.call:
        return "?", False
    call: Call = CALLS[task.call]
    within = timers.timeout_of(task.pid, call.timeout, list(task.arguments))
    return task.call, within != timers.FOREVER
