"""Traces the calls by which the launcher sends signals and reaps, from the moment the script asks for it.

This makes two things exact. Two signals that are sent back to back merge if the receiver is not scheduled in between:
so the sender stays at the return of the call until the command has taken the signal. And a signal can be sent exactly
at the return of the call by which the launcher has reaped the command.
"""

from __future__ import annotations

import errno
import os
import platform
import time
from collections.abc import Callable

from proctor.harness import history
from proctor.harness.calls import REAPS, SENDS, by_number
from proctor.harness.runner import processes
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace import ptrace

_NAMES = by_number((*SENDS, *REAPS))
TAKEN_WITHIN = 1.0
"""Seconds that the sender of a signal waits for the receiver to take it."""


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value & 0x80000000 else value


def called(name: str, arguments: tuple[int, ...], result: int) -> history.SignalCall:
    """Make the fact of a call that sends a signal, from its arguments and what it returned."""
    to_thread = name in ("tgkill", "rt_tgsigqueueinfo")
    target = 0 if name == "pidfd_send_signal" else _signed(arguments[1 if to_thread else 0])
    return history.SignalCall(name, target, int(arguments[2 if to_thread else 1] & 0xFF), min(0, result))


class Tracer:
    """Traces every task of some processes, the launcher first. Raises OSError where ptrace is refused."""

    def __init__(self, pids: list[int], command: int, recorder: Recorder, at_reap: Callable[[], None]) -> None:
        if not _NAMES:
            raise OSError(errno.ENOSYS, f"no table of system calls for {platform.machine()}")
        self._launcher = pids[0] if pids else 0
        self._command = command
        self._recorder = recorder
        self._at_reap = at_reap
        self._inside: dict[int, ptrace.SyscallStop] = {}
        self._tids: set[int] = set()
        self.listening: set[int] = set()
        """Tasks that job control has stopped, and that we leave so."""
        self._reaped = False
        for pid in pids:
            self._seize(pid)
        due = {task.tid for pid in pids for task in processes.tasks(pid) if task.due}
        for tid in self._tids:
            if tid not in due:
                ptrace.undo_interruption(tid)
            ptrace.go_on_to_next_call(tid)

    def _seize(self, pid: int) -> None:
        while new := [tid for tid in processes.living_threads(pid) if tid not in self._tids]:
            for tid in new:
                if ptrace.stop_task(tid):
                    self._tids.add(tid)

    def take(self, tid: int, status: int) -> bool:
        """Take a wait status if it is a stop that only a tracer sees; return whether it was one."""
        if os.WIFCONTINUED(status):
            return False
        stop = ptrace.stop_of(status)
        if tid not in self._tids:
            if stop.kind != "event":
                return False
            self._tids.add(tid)  # a new thread, attached by PTRACE_O_TRACECLONE
        self.listening.discard(tid)
        if stop.kind == "none":
            self._tids.discard(tid)
            return False
        if stop.kind == "group":
            self.listening.add(tid)
            ptrace.listen(tid)
        elif stop.kind == "signal":
            ptrace.go_on_to_next_call(tid, stop.signal)
        else:
            if stop.kind == "call":
                self._at_call(tid)
            elif stop.kind == "exec":
                # the call that the first thread was in will not return, where another thread has taken its place
                self._inside.pop(tid, None)
            ptrace.go_on_to_next_call(tid)
        return True

    def _at_call(self, tid: int) -> None:
        call = ptrace.call_of(tid)
        if call is None:
            return
        if call.is_entry:
            self._inside[tid] = call
            return
        entered = self._inside.pop(tid, None)
        name = _NAMES.get(entered.number) if entered else None
        if not entered or not name:
            return
        if name in REAPS:
            self._after_wait(tid, call.result)
        else:
            self._after_send(name, entered.arguments, call.result)

    def _after_wait(self, tid: int, result: int) -> None:
        """Record that the launcher has reaped the command: the first wait that returns after the command has gone has
        reaped it. Where another process between the two has called it (npm's shell), the launcher has not reaped yet:
        a signal now would come before that, at a moment that is left to the system."""
        if result < 0 or self._reaped or os.path.exists(f"/proc/{self._command}"):
            return
        self._reaped = True
        if not os.path.exists(f"/proc/{self._launcher}/task/{tid}"):
            return
        self._recorder.add("launcher", history.Reaped("command", self._command))
        self._at_reap()

    def _after_send(self, name: str, arguments: tuple[int, ...], result: int) -> None:
        self._recorder.add("launcher", called(name, arguments, result))
        if result == 0:
            self._let_it_be_taken()

    def _let_it_be_taken(self) -> None:
        """Wait until nothing is due to the command: what it is sent next cannot merge with what it was sent now."""
        deadline = time.monotonic() + TAKEN_WITHIN
        while time.monotonic() < deadline:
            tasks = processes.tasks(self._command)
            if all(task.state in "TtZX" or (task.state == "S" and not task.due) for task in tasks):
                return
            os.sched_yield()
