"""Which signals interrupt a call of a traced task: those that it catches with a handler set without SA_RESTART, or
where the call is never restarted (signal(7)). Read from the arguments of rt_sigaction(2); /proc does not show flags.
"""

from __future__ import annotations

import os
import struct

from proctor.harness.runner.trace.task import TracedTask

_SA_RESTART = 0x10000000
_FLAGS_AT = 8
"""In the kernel's struct sigaction: after the handler; x86-64 and arm64."""


class Restarts:
    """The signals whose handlers were last set with SA_RESTART, by process. execve(2) removes the handlers, and then
    /proc shows that no signal is caught: so what is known here need not be forgotten."""

    def __init__(self) -> None:
        self._by_process: dict[str, int] = {}

    def sets_action(self, task: TracedTask, arguments: tuple[int, ...]) -> None:
        """Note what a task is about to set: the arguments of rt_sigaction(2), at its entry."""
        number, address = arguments[0], arguments[1]
        if not (address and 1 <= number <= 64):
            return
        bit, before = 1 << (number - 1), self._by_process.get(task.process, 0)
        restarts = bool(_flags_at(task.tid, address + _FLAGS_AT) & _SA_RESTART)
        self._by_process[task.process] = before | bit if restarts else before & ~bit

    def is_born(self, process: str, maker: str) -> None:
        """Note that a process has the handlers of the one that made it; fork(2)."""
        self._by_process[process] = self._by_process.get(maker, 0)

    def restarted(self, process: str) -> int:
        """Return the signals after which a call of this process is restarted, bit N-1 for signal N."""
        return self._by_process.get(process, 0)


def _flags_at(tid: int, address: int) -> int:
    """Return a word of a task's memory; SA_RESTART, the harmless answer, where it cannot be read."""
    try:
        memory = os.open(f"/proc/{tid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return _SA_RESTART
    try:
        return int(struct.unpack("=Q", os.pread(memory, 8, address))[0])
    except (OSError, struct.error):
        return _SA_RESTART
    finally:
        os.close(memory)
