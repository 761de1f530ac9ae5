"""What a traced system call is about, by name: processes, groups, paths, descriptors. Read at its entry."""

from __future__ import annotations

import os

from proctor.harness.calls import CALLS, STREAM_CALLS
from proctor.harness.runner.trace.paths import path_of
from proctor.harness.runner.trace.task import TracedTask
from proctor.harness.runner.trace.task_table import TaskTable


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value & 0x80000000 else value


def objects_of(task: TracedTask, tasks: TaskTable) -> tuple[str, ...]:
    """Return the names of what the call of a task is about, those that its arguments tell; "*" for what they name but
    is not known. The task is stopped at the entry."""
    call, arguments = task.call, task.arguments
    if not arguments:
        return ()
    match call:
        case "kill":
            pid = _signed(arguments[0])
            receivers = (_process(pid, task, tasks),) if pid > 0 else _of_group(pid, task, tasks)
            return (*receivers, _signal(arguments[1]))
        case "tkill" | "rt_sigqueueinfo":
            return _process(_signed(arguments[0]), task, tasks), _signal(arguments[1])
        case "tgkill":
            return _process(_signed(arguments[0]), task, tasks), _signal(arguments[2])
        case "pidfd_send_signal":
            return "process:*", _signal(arguments[1])
        case "setpgid":
            pid, group = _signed(arguments[0]), _signed(arguments[1])
            return _process(pid or task.pid, task, tasks), _process(group or pid or task.pid, task, tasks)
        case "rt_sigaction":
            return (_signal(arguments[0]),)
        case "prctl":
            return (f"request:{arguments[0]}",)
    if call in STREAM_CALLS:
        return (f"stream:{stream_of(task.tid, arguments[0])}",)
    if CALLS[call].path:
        path = path_of(task.tid, call, arguments)
        return (f"path:{path}" if path else "path:*",)
    return ()


def stream_of(tid: int, descriptor: int) -> str:
    """Return the kind of what a descriptor is, such as "pipe" or "signalfd"; "" for a file, or if it is closed."""
    try:
        link = os.readlink(f"/proc/{tid}/fd/{descriptor & 0xFFFFFFFF}")
    except OSError:
        return ""
    return "" if link.startswith("/") else link.removeprefix("anon_inode:").partition(":[")[0].strip("[]")


def _signal(number: int) -> str:
    return f"signal:{number & 0xFF}"


def _of_group(pid: int, task: TracedTask, tasks: TaskTable) -> tuple[str, ...]:
    """Return the processes that kill(2) with this PID, which is not positive, signals; and "group"."""
    if pid == -1:
        return ("process:*",)
    try:
        group = -pid or os.getpgid(task.pid)
        members = [one.process for other, one in tasks.pids().items() if os.getpgid(other) == group]
    except OSError:  # one has ended at this moment
        return ("process:*",)
    return (*(f"process:{name}" for name in members), "group")


def _process(pid: int, task: TracedTask, tasks: TaskTable) -> str:
    if pid == task.pid:
        return f"process:{task.process}"
    found = tasks.pids().get(pid)
    if found:
        return f"process:{found.process}"
    return "process:none" if not os.path.exists(f"/proc/{pid}") else "process:*"
