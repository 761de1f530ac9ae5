"""One traced thread and the state that the director keeps of it."""

from __future__ import annotations

import enum
from collections.abc import Callable

from proctor.harness.schedule import Directive, Failure, Hold, HoldTask, HoldUntil, Point


class State(enum.Enum):
    """What a traced task is doing. `TRANSITIONS` says which state may follow which."""

    __hash__ = object.__hash__  # that of Enum is written in Python: a state is looked up several times at each stop

    RUNNING = "running"
    """It was resumed: it runs, or is blocked in a system call."""
    IN_VFORK = "in vfork"
    """It was resumed, and is blocked in vfork(2) until its child executes a program or ends."""
    STOPPED = "stopped"
    """It has reported a ptrace stop, which the director is handling. No task stays in this state."""
    RUNNABLE = "runnable"
    """It is in a ptrace stop and waits until the scheduler chooses it."""
    HELD = "held"
    """It is in a ptrace stop at a schedule point, with directives still to be carried out."""
    AWAITING_DELIVERY = "awaiting delivery"
    """It is in a ptrace stop until another thread of its process has taken a signal that a directive has sent."""
    LISTENING = "listening"
    """Job control has stopped it, and it stays stopped until SIGCONT (PTRACE_LISTEN)."""
    GONE = "gone"
    """It has ended."""


_STOPPED_BY_US = (State.RUNNABLE, State.HELD, State.AWAITING_DELIVERY)
KEPT_STOPPED = (*_STOPPED_BY_US, State.LISTENING)
"""The states of a task that does not go on until it is resumed or continued."""
HELD_BY_SCHEDULE = (State.HELD, State.AWAITING_DELIVERY)
"""The states of a task that a directive keeps still."""
PENDING = _STOPPED_BY_US
"""The states of a task for which something is still to be done when all other tasks are at rest."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.RUNNING: frozenset((State.STOPPED, State.GONE)),
    State.IN_VFORK: frozenset((State.STOPPED, State.GONE)),
    State.LISTENING: frozenset((State.STOPPED, State.GONE)),
    State.STOPPED: frozenset((State.RUNNING, State.IN_VFORK, State.RUNNABLE, State.HELD, State.LISTENING, State.GONE)),
    State.RUNNABLE: frozenset((State.STOPPED, State.GONE)),
    State.HELD: frozenset((State.STOPPED, State.AWAITING_DELIVERY, State.GONE)),
    State.AWAITING_DELIVERY: frozenset((State.STOPPED, State.HELD, State.GONE)),
    State.GONE: frozenset(),
}


class IllegalTransition(Exception):
    """The director has lost track of a task: a fault of the harness."""


class TracedTask:
    """One traced thread.

    name: as in schedule points. untracked: it belongs to the command, or was started by the command; it passes no
    schedule points and is never kept stopped. State changes go through `TaskTable.move`.
    """

    __slots__ = (
        "again", "arguments", "born", "call", "directives", "failure", "held_since", "maker", "name", "next_action",
        "parent", "path", "pid", "stands_at", "state", "threads", "tid", "untracked", "yields",
    )  # fmt: skip

    def __init__(self, tid: int, pid: int, name: str, untracked: bool) -> None:
        self.tid, self.pid, self.name, self.untracked = tid, pid, name, untracked
        self.state = State.RUNNING
        self.born = False
        """Whether it has passed its first schedule point, BIRTH."""
        self.call = ""
        """The visible system call it is in whose exit is to be seen; "" for none."""
        self.arguments: tuple[int, ...] = ()
        self.path = ""
        """The file that the call is about, where all points are recorded."""
        self.again: tuple[str, tuple[int, int]] | None = None
        """The call before which it was put back, and its place: it reaches that entry a second time."""
        self.maker: Point | None = None
        """The schedule point at which it was created."""
        self.failure: Failure | None = None
        """How the call that it is in has been made to fail; what is left to do at the exit of that call."""
        self.threads = 1
        """Of the first thread of a process: how many threads the process has had."""
        self.parent = ""
        """The name of the process that created it."""
        self.stands_at = ""
        """Under an order: where it has stopped, such as "wait4 entry"."""
        self.yields = 0
        """How often it has called sched_yield(2) since its last schedule point."""
        self.directives: list[Directive] = []
        """While HELD or AWAITING_DELIVERY: what is still to be done at this point, in order."""
        self.held_since = 0
        """While HELD or AWAITING_DELIVERY: a number by which held tasks are ordered."""
        self.next_action: Callable[[], None] | None = None
        """While RUNNABLE: what to do once the scheduler has chosen the task."""

    @property
    def process(self) -> str:
        """The name of its process, which is that of the first thread."""
        return self.name.partition(".")[0]

    @property
    def is_thread(self) -> bool:
        """Whether it is another thread than the first of its process."""
        return "." in self.name

    def take_name_of_first(self) -> None:
        """Rename a thread that has become the first of its process by execve. Only after the exit of that call, which
        is passed under the name that passed the entry."""
        if self.tid == self.pid:
            self.name = self.process

    @property
    def held_for(self) -> Hold | None:
        """What a HELD task waits for; None if it is not held, or its next directive is an action."""
        action = self.directives[0].action if self.state is State.HELD else None
        return action if isinstance(action, HoldTask | HoldUntil) else None
