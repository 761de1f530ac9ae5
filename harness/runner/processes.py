"""The process table, read from /proc: which processes there are, and what each task is doing. proc_pid_stat(5)."""

from __future__ import annotations

import os
import re
import resource
import signal
from typing import NamedTuple

from proctor.harness import signals
from proctor.harness.calls import by_number
from proctor.harness.history import Process

BLOCKED_STATES = "STZX"
"""Waiting for an event, stopped, ended. D is not one of them: disk sleep ends by itself. Nor is t, stopped by a
tracer: that task goes on when its tracer acts."""
ENDED = "ZX"
"""States of a process or a thread that has ended."""
WALL = 0x40000000
"""wait(2)'s __WALL: threads of other processes too, when they are traced."""
MOST_READINGS = 20
"""Of the process table at one look."""
_CHUNK = 1 << 14
_TICKS = os.sysconf("SC_CLK_TCK")


class TaskState(NamedTuple):
    """One thread: state letter, voluntary and involuntary context switches, pending signals, its system call."""

    pid: int
    tid: int
    state: str
    switches: tuple[int, int]
    due: bool
    """Whether a signal is pending that is neither blocked nor ignored."""
    alarm: bool
    """Whether SIGALRM would not simply end it, but is blocked, caught or waited for: an interval timer, which cannot be
    seen, may be set."""
    call: str | None
    """The line of /proc/PID/task/TID/syscall; None where it may not be read."""


def contents(path: str) -> bytes:
    """Return the contents of a file of /proc; OSError where there is none. Each execution reads so many that open() is
    too slow: it calls fstat and lseek, and creates three objects."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        read = data = os.read(fd, _CHUNK)
        while len(read) == _CHUNK:
            data += (read := os.read(fd, _CHUNK))
        return data
    finally:
        os.close(fd)


def program_of(pid: int) -> str:
    """Return the name of the program that a process runs, at most 15 bytes of it; "" if it has gone."""
    try:
        return contents(f"/proc/{pid}/comm").decode("utf-8", "backslashreplace").rstrip("\n")
    except OSError:
        return ""


def command_line_of(pid: int) -> tuple[bytes, ...]:
    """Return the command line of a process; nothing if it has gone."""
    try:
        return tuple(contents(f"/proc/{pid}/cmdline").split(b"\0")[:-1])
    except OSError:
        return ()


def is_running(tid: int) -> bool:
    """Whether a task runs or is ready to."""
    return _is_in_state(tid, b"R")


def waits_for_disk(tid: int) -> bool:
    """Whether a task sleeps so that no signal wakes it: state D of proc_pid_stat(5)."""
    return _is_in_state(tid, b"D")


def _is_in_state(tid: int, state: bytes) -> bool:
    try:
        line = contents(f"/proc/{tid}/stat")
    except OSError:
        return False
    return line.startswith(b") " + state, line.rfind(b")"))


def delay(tid: int) -> float:
    """Return the seconds for which a task was ready to run but got no CPU, since it was started; 0.0 if it has gone.
    Documentation/scheduler/sched-stats.rst of Linux, /proc/<pid>/schedstat."""
    try:
        return int(contents(f"/proc/{tid}/schedstat").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def delays_are_known() -> bool:
    """Whether this kernel counts these delays: else there is no such file, or it has only zeros."""
    try:
        return not contents("/proc/self/schedstat").startswith(b"0 ")
    except OSError:
        return False


def read_process(pid: int) -> Process | None:
    """Return one row of the table, None if there is no such process any more."""
    try:
        line = contents(f"/proc/{pid}/stat")
    except OSError:
        return None
    # the name may hold anything, ") " included: the last parenthesis is the one that counts
    head, _, tail = line.rpartition(b") ")
    number, _, name = head.partition(b" (")
    fields = tail.split(b" ", 4)
    state, ppid, pgid, sid = fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3])
    if state == "Z":  # a process of which only the first thread has ended is shown as a zombie too
        state = next((task.state for task in tasks(pid) if task.state not in ENDED), state)
    return Process(int(number), ppid, pgid, sid, state, name.decode("utf-8", "backslashreplace"))


class Usage(NamedTuple):
    """CPU time in seconds, and page faults."""

    cpu_seconds: float = 0.0
    page_faults: int = 0


def usage(pid: int) -> Usage:
    """Return what a process and its reaped children have used; nothing if it has gone. proc_pid_stat(5)."""
    return _usage_and_parent(pid)[0]


def usage_up_from(pid: int) -> Usage:
    """Return what a process, its ancestors below this process, and all the reaped children of these and of this one
    have used."""
    used = [reaped_usage()]
    while pid not in (0, os.getpid()):
        one, pid = _usage_and_parent(pid)
        used.append(one)
    return Usage(sum(one.cpu_seconds for one in used), sum(one.page_faults for one in used))


def _usage_and_parent(pid: int) -> tuple[Usage, int]:
    """Return what a process has used, and its parent; 0 if it has gone."""
    try:
        line = contents(f"/proc/{pid}/stat")
    except OSError:
        return Usage(), 0
    fields = line.rpartition(b") ")[2].split(b" ", 15)
    return Usage(sum(map(int, fields[11:15])) / _TICKS, sum(map(int, fields[7:11]))), int(fields[1])


def reaped_usage() -> Usage:
    """Return what the children which this process has reaped have used, and theirs. getrusage(2)."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(used.ru_utime + used.ru_stime, used.ru_minflt + used.ru_majflt)


def table() -> dict[int, Process]:
    """Return all processes by pid."""
    return _read(pids())


def table_without_gaps() -> dict[int, Process]:
    """As table(); but a process that has ended may have started another one after the listing, which is not in it. So
    the table is read again until no process ends meanwhile. Where one changes its PID all the time, by fork and exit,
    the reading with the most living processes is returned."""
    fullest: dict[int, Process] = {}
    before: dict[int, Process] | None = None
    most = 0
    for _ in range(MOST_READINGS):
        listed = pids()
        found = _read(listed)
        living = sum(process.state not in ENDED for process in found.values())
        if living == len(listed) or found == before:
            return found
        if living >= most:
            fullest, most = found, living
        before = found
    return fullest


def pids() -> list[int]:
    """Return the pids of all processes."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _read(listed: list[int]) -> dict[int, Process]:
    return {process.pid: process for process in map(read_process, listed) if process}


def below(ancestor: int, processes: dict[int, Process]) -> dict[int, Process]:
    """Return the descendants of a process."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.ppid, []).append(process.pid)
    found: dict[int, Process] = {}
    todo = [ancestor]
    while todo:
        for pid in children.get(todo.pop(), ()):
            found[pid] = processes[pid]
            todo.append(pid)
    return found


_SIGTIMEDWAIT = [str(number) for number in by_number(("rt_sigtimedwait",))]
_ALARM = 1 << (signal.SIGALRM - 1)
_STATUS = re.compile(
    rb"State:\t(\S).*?"
    rb"SigPnd:\t(\w+)\nShdPnd:\t(\w+)\nSigBlk:\t(\w+)\nSigIgn:\t(\w+)\nSigCgt:\t(\w+)\n.*?"
    rb"voluntary_ctxt_switches:\t(\d+)\nnonvoluntary_ctxt_switches:\t(\d+)",
    re.DOTALL,
)


def acts_on(tid: int, number: int) -> bool:
    """Return whether a signal has an effect on a task: it is caught, or its default action is not to ignore it."""
    settings = signal_settings(tid)
    if not settings:
        return True
    bit = 1 << (number - 1)
    return bool(settings.caught & bit) or (number not in signals.IGNORED_BY_DEFAULT and not settings.ignored & bit)


class SignalSettings(NamedTuple):
    """The signals that a task blocks, and that its process ignores and catches: bit N-1 for signal N."""

    blocked: int
    ignored: int
    caught: int


def signal_settings(tid: int) -> SignalSettings | None:
    """Return what a task does about signals; None if it has gone."""
    try:
        match = _STATUS.search(contents(f"/proc/{tid}/status"))
    except OSError:
        return None
    return SignalSettings(*(int(match[n], 16) for n in (4, 5, 6))) if match else None


class SignalState(NamedTuple):
    """As SignalSettings; due: the pending signals on which the task will act when it runs; to_drop: those that are
    pending only because it is traced, and that have no effect."""

    blocked: int
    ignored: int
    caught: int
    due: int
    to_drop: int


_ACTS_BY_DEFAULT = ~sum(1 << (number - 1) for number in signals.IGNORED_BY_DEFAULT)


def signals_of(tid: int) -> SignalState | None:
    """Return what a task does about signals, and those that are due; None if it has gone."""
    try:
        match = _STATUS.search(contents(f"/proc/{tid}/status"))
    except OSError:
        return None
    if match is None:
        return None
    own, shared, blocked, ignored, caught = (int(match[n], 16) for n in (2, 3, 4, 5, 6))
    acts = caught | (_ACTS_BY_DEFAULT & ~ignored)
    open_ = (own | shared) & ~blocked
    return SignalState(blocked, ignored, caught, open_ & acts, open_ & ~acts)


def shares_memory(pid: int) -> bool:
    """Return whether a process has memory that it may write and share with another one; proc_pid_maps(5)."""
    try:
        return b" rw-s " in contents(f"/proc/{pid}/maps")
    except OSError:
        return False


def tracer_of(tid: int) -> int:
    """Return the task that traces a task; 0 if none does, if it is outside of our PID namespace, or if the task has
    gone."""
    try:
        match = re.search(rb"^TracerPid:\t(\d+)$", contents(f"/proc/{tid}/status"), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) if match else 0


def count_entries() -> int:
    """Return about how many processes /proc shows. This costs one listing: no process is read."""
    return len(os.listdir("/proc"))


def threads(pid: int) -> list[int]:
    """Return the tids of the threads of a process; none if it has gone."""
    base = f"/proc/{pid}/task"
    try:
        # a directory has two links and one for each directory in it; a thread that is alone has the pid as its tid
        return [pid] if os.stat(base).st_nlink == 3 else [int(tid) for tid in os.listdir(base)]
    except OSError:
        return []


def tasks(pid: int, tids: list[int] | None = None) -> list[TaskState]:
    """Return the threads of a process, but for their calls; none if it has gone. tids: those to read; None for all."""
    found = (_task(pid, tid) for tid in (threads(pid) if tids is None else tids))
    return [task for task in found if task]


def living_threads(pid: int) -> list[int]:
    """Return the tids of the threads of a process that have not ended; none if it has gone."""
    return [task.tid for task in tasks(pid) if task.state not in ENDED]


def in_call(task: TaskState) -> TaskState:
    """Return a task with the call that it is blocked in."""
    call: str | None = ""
    if task.state == "S":
        base = f"/proc/{task.pid}/task/{task.tid}"
        try:
            call = contents(f"{base}/syscall").decode()
        except OSError:
            call = None if os.path.exists(base) else ""
    # in sigtimedwait the signals waited for are not blocked, as far as /proc shows
    waits = (call or "").partition(" ")[0] in _SIGTIMEDWAIT
    return task._replace(call=call, alarm=task.alarm or waits)


def _task(pid: int, tid: int) -> TaskState | None:
    try:
        match = _STATUS.search(contents(f"/proc/{pid}/task/{tid}/status"))
    except OSError:
        return None
    if not match:
        return None
    state = match[1].decode()
    own, shared, blocked, ignored, caught = (int(match[n], 16) for n in (2, 3, 4, 5, 6))
    # A blocked signal that is pending wakes no task: one that waits for it (sigtimedwait, signalfd) would be running.
    due = bool((own | shared) & ~blocked & ~ignored)
    return TaskState(pid, tid, state, (int(match[7]), int(match[8])), due, bool((blocked | caught) & _ALARM), "")
