"""Processes that are blocked in a system call of our choice."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence
from proctor.harness.runner.observe.blocking import Blocked, blocked
from proctor.harness.runner.observe.descriptors import Given, Inside

FAR = 1000.0
CHILD = """
import ctypes, os, signal, socket, time
libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
def spec(seconds): return ctypes.byref((ctypes.c_long * 2)(int(seconds), 0))
def call(*arguments):
    os.write(1, b"!")
    libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
far, word, none = 1000, ctypes.byref(ctypes.c_int(0)), None
mono, real = time.monotonic() + far, time.time() + far
term = ctypes.byref((ctypes.c_ulong * 1)(1 << 14))
"""


@contextmanager
def blocked_in(number: int, code: str) -> Iterator[tuple[int, str]]:
    """Start a child that blocks in this system call; yield its pid and its line of /proc/PID/syscall."""
    command = [sys.executable, "-I", "-S", "-c", CHILD + code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as child:
        try:
            assert child.stdout
            assert child.stdout.read(1) == b"!", "the child has ended"
            yield child.pid, until_in(child.pid, number)
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def until_in(pid: int, number: int, within: float = 60.0) -> str:
    """Wait until the one task of a process is blocked in this call; return its line of /proc/PID/syscall."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        (task,) = map(processes.in_call, processes.tasks(pid))
        if task.state == "S" and task.call and task.call.startswith(f"{number} "):
            return task.call
        os.sched_yield()
    raise AssertionError(f"not in call {number}: {processes.tasks(pid)}")


only_x86_64 = pytest.mark.skipif(
    platform.machine() != "x86_64" or not quiescence.can_be_read(),
    reason="call numbers of x86_64, read from /proc",
)


NOTHING = Given()


def what_blocks(pid: int, *others: int, given: Given = NOTHING) -> Blocked:
    """Say what the one task of a process is blocked in; others: processes that are watched as well."""
    (task,) = map(processes.in_call, processes.tasks(pid))
    inside = Inside((pid, *others), given)
    found = blocked(task, inside)
    return found._replace(within=min(found.within, inside.timeout))
