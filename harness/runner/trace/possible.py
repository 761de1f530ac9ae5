"""Whether the call that a task is about to make can fail as a schedule wants it.

A launcher with threads may make another call of the same name there than it did before: what was the third write(2) to
a file is one to an eventfd(2) this time, which is never cut short. To make that fail would accuse the launcher of what
no kernel does.
"""

from __future__ import annotations

import os
import stat

from proctor.harness.calls import CALLS, OPTIONS, TELLS
from proctor.harness.failing_calls import NEVER_RESTARTED, OF_FILES, RESTARTED, SYNCHRONOUS, makes_file
from proctor.harness.runner import processes
from proctor.harness.runner.trace.task import TracedTask
from proctor.harness.schedule import Fail, Failure

_WNOHANG = 1
_TRANSFERS = ("read", "write")


def why_impossible(task: TracedTask, action: Failure) -> str:
    """Return why no kernel lets the call fail so at whose entry a task is stopped; "" if it can."""
    call, arguments = task.call, task.arguments
    if not isinstance(action, Fail):
        if not _is_file(task.tid, arguments[0]):
            return "it writes to no file"
        return "" if arguments[TELLS["write"]] > action.count else "it writes no more than that in any case"
    if action.error == "EINTR" and call in (*NEVER_RESTARTED, *RESTARTED):
        return _why_uninterrupted(task)
    if action.error in OF_FILES and call in _TRANSFERS and not _is_file(task.tid, arguments[0]):
        return "it is not about a file"
    if action.error in OF_FILES and call in ("open", "openat") and not makes_file(arguments[TELLS[call]]):
        return "it makes no file"
    return ""


def _why_uninterrupted(task: TracedTask) -> str:
    call, arguments = task.call, task.arguments
    if call in OPTIONS and arguments[OPTIONS[call]] & _WNOHANG:
        return "it does not wait"
    timeout = CALLS[call].timeout
    if timeout and timeout.kind == "ms" and not arguments[timeout.argument] & 0xFFFFFFFF:
        return "it does not wait"
    blocked, _, caught = processes.signal_settings(task.tid) or (0, 0, 0)
    return "" if caught & ~blocked & ~SYNCHRONOUS else "no signal is caught here that is not blocked"


def _is_file(tid: int, descriptor: int) -> bool:
    try:
        return stat.S_ISREG(os.stat(f"/proc/{tid}/fd/{descriptor & 0xFFFFFFFF}").st_mode)
    except OSError:
        return False
