"""The traced tasks of one launcher, by thread id and by state. The only place that changes a task's state."""

from __future__ import annotations

from proctor.harness.runner.trace.task import KEPT_STOPPED, PENDING, TRANSITIONS, IllegalTransition, State, TracedTask


class TaskTable:
    """All tasks that have not ended, and the stops that no known task has reported."""

    def __init__(self) -> None:
        self._by_tid: dict[int, TracedTask] = {}
        self._by_state: dict[State, dict[TracedTask, None]] = {state: {} for state in State}
        self._pending = [self._by_state[state] for state in PENDING]
        self._children = 0
        self._held = 0
        self.programs = {"launcher": ""}
        """The launcher and the processes that it has made, in order: the program that each has executed last."""
        self.unclaimed_stops: set[int] = set()
        """Thread ids of new tasks that have stopped before their creator has reported them."""

    # -- which tasks there are

    def get(self, tid: int) -> TracedTask | None:
        """Return the task with this thread id."""
        return self._by_tid.get(tid)

    def named(self, name: str) -> TracedTask | None:
        """Return the task with this name."""
        return next((task for task in self._by_tid.values() if task.name == name), None)

    def add_launcher(self, pid: int) -> None:
        """Add the first task, which has been seized. It passes BIRTH at its first execve and not before."""
        task = self._enter(TracedTask(pid, pid, "launcher", untracked=False))
        task.born = True

    def add(self, tid: int, pid: int, untracked: bool) -> TracedTask:
        """Add a new task. A thread is named after its process, a process by its number."""
        first = self._by_tid.get(pid)
        if first:
            first.threads += 1
            name = f"{first.process}.t{first.threads}"
        else:
            self._children += not untracked
            name = "" if untracked else f"child{self._children}"
            if name:
                self.programs[name] = ""
        return self._enter(TracedTask(tid, pid, name, untracked))

    def _enter(self, task: TracedTask) -> TracedTask:
        self._by_tid[task.tid] = task
        self._by_state[task.state][task] = None
        return task

    def of_process(self, pid: int) -> list[TracedTask]:
        """Return the threads of a process."""
        return [task for task in self._by_tid.values() if task.pid == pid]

    def pids(self) -> dict[int, TracedTask]:
        """Return the processes that have not ended, by PID, each by its first thread."""
        return {task.pid: task for task in self._by_tid.values() if not task.is_thread}

    def others_of_process(self, task: TracedTask) -> list[TracedTask]:
        """Return the other threads of a task's process."""
        return [other for other in self._by_tid.values() if other.pid == task.pid and other is not task]

    def has_ended(self, process: str) -> bool:
        """Return whether a process of this name has existed and has no task left."""
        existed = process == "launcher" or int(process.removeprefix("child")) <= self._children
        return existed and not any(task.process == process for task in self._by_tid.values())

    def replace_first(self, first: TracedTask, caller: TracedTask) -> None:
        """Give the thread that has called execve the thread id of the first thread, which has ended. ptrace(2),
        "execve(2) under ptrace"."""
        tid, threads = first.tid, first.threads
        self.move(first, State.GONE)
        del self._by_tid[caller.tid]
        caller.tid, caller.threads = tid, threads
        self._by_tid[tid] = caller

    # -- in which state they are

    def move(self, task: TracedTask, state: State) -> None:
        """Change a task's state; raise IllegalTransition where that state cannot follow."""
        if state not in TRANSITIONS[task.state]:
            raise IllegalTransition(f"task {task.name or task.tid}: {task.state.value} to {state.value}")
        if state is State.HELD and task.state is State.STOPPED:
            self._held += 1
            task.held_since = self._held
        del self._by_state[task.state][task]
        task.state = state
        if state is State.GONE:
            self._by_tid.pop(task.tid, None)
            self.unclaimed_stops.discard(task.tid)
        else:
            self._by_state[state][task] = None

    def in_state(self, state: State) -> list[TracedTask]:
        """Return the tasks in a state."""
        return list(self._by_state[state])

    def any_in(self, state: State) -> bool:
        """Return whether a task is in a state."""
        return bool(self._by_state[state])

    def held(self) -> list[TracedTask]:
        """Return the tasks in HELD, those first that came first to their points."""
        return sorted(self._by_state[State.HELD], key=lambda task: task.held_since)

    @property
    def is_pending(self) -> bool:
        """Whether something is still to be done when all other tasks are at rest."""
        runnable, held, awaiting = self._pending
        return bool(runnable or held or awaiting or self.unclaimed_stops)

    def kept_stopped(self) -> set[int]:
        """Return the thread ids of the tasks that do not go on until we resume them, or SIGCONT continues them."""
        return self.unclaimed_stops.union(task.tid for state in KEPT_STOPPED for task in self._by_state[state])

    def check_all_handled(self) -> None:
        """Raise IllegalTransition where a stop was reported and nothing was decided about it."""
        for task in self._by_state[State.STOPPED]:
            raise IllegalTransition(f"task {task.name or task.tid} was left stopped")
