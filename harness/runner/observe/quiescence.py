"""Quiescence: every task is blocked, no signal is pending, no short timer is armed, and nobody outside can end a wait.
So nothing more can happen.

One look is not enough: a task that was seen blocked may have been woken by one that was read later. Two looks that show
every task blocked, with no context switch in between, prove that all were blocked at one moment between them.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from proctor.harness.history import Limit, OpenWait
from proctor.harness.runner import processes
from proctor.harness.runner.observe import timers
from proctor.harness.runner.observe.blocking import blocked as what_blocks
from proctor.harness.runner.observe.descriptors import Given, Inside
from proctor.harness.runner.observe.relays import flush

MAX_PROCESSES = 400
MAX_TASKS = 4000
"""All threads of all processes: a Java or Node launcher has some dozens in each."""

WHOLE_EVERY = 0.02
"""Seconds after which timers are read again, though nothing has run: of some only the remaining time is known."""


class TooMany(Exception):
    """More processes or threads than any launcher needs. what: of which, most: more than so many."""

    def __init__(self, what: Limit, most: int) -> None:
        super().__init__(f"more than {most} {what} at once")
        self.what, self.most = what, most


class Rest(NamedTuple):
    """What one look showed.

    blocked: all tasks are. fingerprint: equal in two looks if nothing ran in between. wakes: seconds until
    a timer wakes a task at the latest. open: waits that may end by what we do not see. posix: a process has a
    POSIX timer. alarm: the processes that may have an interval timer. Neither is in `wakes`.
    """

    blocked: bool
    fingerprint: tuple[object, ...]
    wakes: float
    open: tuple[OpenWait, ...]
    posix: bool
    alarm: frozenset[int]
    began: float
    """When the look began, on the monotonic clock."""
    whole: float
    """When all of this was last read."""


def look(
    pids: list[int],
    witnesses: frozenset[int],
    given: Given,
    kept_still: frozenset[int] = frozenset(),
    in_vfork: frozenset[int] = frozenset(),
    before: Rest | None = None,
) -> Rest:
    """Look at all tasks of these processes. Those of witnesses wait for us and have no timers, so it is not read what
    they wait for. given: what the launcher was given. kept_still: tasks that we keep stopped by ptrace; any other that
    we trace is about to be let go. in_vfork: tasks that wait for a child of vfork(2), in a sleep that else is the
    disk's. before: the look before this one; where nothing has run since, its result still holds."""
    if len(pids) > MAX_PROCESSES:
        raise TooMany("processes", MAX_PROCESSES)
    began = time.monotonic()
    tasks: list[processes.TaskState] = []
    for pid in pids:
        tids = processes.threads(pid)
        if len(tasks) + len(tids) > MAX_TASKS:
            raise TooMany("threads", MAX_TASKS)
        tasks += processes.tasks(pid, tids)
    fingerprint = (kept_still, in_vfork, *((task.tid, task.state, task.switches, task.due) for task in tasks))
    if before and before.blocked and before.fingerprint == fingerprint and began - before.whole < WHOLE_EVERY:
        return before._replace(began=began)
    still = kept_still.union(task.tid for task in tasks if task.tid in in_vfork and task.state == "D")
    still |= _stopped_by_others(tasks, kept_still)
    inside = Inside(pids, given)
    return _whole_look(tasks, witnesses, still, inside, fingerprint, began)


def _whole_look(
    tasks: list[processes.TaskState],
    witnesses: frozenset[int],
    still: frozenset[int],
    inside: Inside,
    fingerprint: tuple[object, ...],
    began: float,
) -> Rest:
    """Read also what these tasks are blocked in. still: tasks that do not go on, whatever /proc shows."""
    wakes, is_blocked = timers.FOREVER, True
    posix = False
    alarm: set[int] = set()
    waits: list[OpenWait] = []
    stopped = frozenset(task.pid for task in tasks if task.tid in still)
    for task in map(processes.in_call, tasks):
        if task.tid not in still and _goes_on(task, task.pid in stopped):
            is_blocked = False
            continue
        if task.pid in witnesses:
            continue
        if task.alarm:
            alarm.add(task.pid)
        if task.state == "S":
            found = what_blocks(task, inside)
            wakes = min(wakes, found.within)
            waits += [found.open] if found.open else []
    for pid in dict.fromkeys(task.pid for task in tasks) if is_blocked else ():
        if pid not in witnesses:
            table = inside.table(pid)
            wakes = min(wakes, table.timer)
            if table.relays and not flush(table, inside):
                waits.append(OpenWait(pid, "relays"))
            posix |= timers.has_posix_timer(pid)
    return Rest(
        is_blocked, fingerprint, min(wakes, inside.timeout), tuple(waits), posix, frozenset(alarm), began, began
    )


def _stopped_by_others(tasks: list[processes.TaskState], kept_still: frozenset[int]) -> frozenset[int]:
    """Return the tasks that another of these has stopped by ptrace, such as a command below strace. Each goes on only
    when its tracer acts, and the kernel wakes the tracer before the tracee gives up the CPU: that is a context switch,
    which a second look shows (ptrace_stop() in kernel/signal.c)."""
    watched = {task.tid for task in tasks}
    stopped = (task.tid for task in tasks if task.state == "t" and task.tid not in kept_still)
    return frozenset(tid for tid in stopped if processes.tracer_of(tid) in watched)


def _goes_on(task: processes.TaskState, may_be_for_other: bool) -> bool:
    """Whether a task runs, or will run without anything that another process does. may_be_for_other: a thread of its
    process is kept stopped, so a signal that is due may be that thread's: the kernel wakes one thread for it
    (complete_signal() in kernel/signal.c), and all others sleep on until it is taken. If this one is woken, the next
    look shows it."""
    if task.state not in processes.BLOCKED_STATES or (task.due and task.state == "S" and not may_be_for_other):
        return True
    call = task.call or ""
    return call.startswith("running") or timers.completes_by_itself(call)


def descendants(ancestor: int) -> list[int]:
    """Return the pids of all descendants, with those that were orphaned to it. All processes descend from PID 1."""
    if ancestor == 1:
        return sorted(pid for pid in processes.pids() if pid != 1)
    return sorted(processes.below(ancestor, processes.table()))


def usage() -> processes.Usage:
    """Return what all descendants of this process have used, also those that were reaped."""
    used = [processes.reaped_usage(), *map(processes.usage, descendants(os.getpid()))]
    return processes.Usage(sum(one.cpu_seconds for one in used), sum(one.page_faults for one in used))


def can_be_read() -> bool:
    """Whether this system lets us read what a task is doing."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/syscall", "rb"):
            return True
    except OSError:
        return False
