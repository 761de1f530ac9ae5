"""Ends all processes that an execution has started, however they have detached themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from proctor.harness.errors import HarnessError
from proctor.harness.history import Process
from proctor.harness.runner import processes
from proctor.harness.words import process_line

END_WITHIN = 30.0
"""Seconds that SIGKILLed processes may take to be gone; more means a kernel or disk in trouble."""


def kind() -> str:
    """Return how launchers are contained: "PID namespace", "user and PID namespace" or "subreaper"."""
    return os.environ.get("PROCTOR_CONTAINMENT", "subreaper")


def check_proc() -> None:
    """Raise HarnessError where /proc is not ours any more: a launcher that is root may unmount it, and what we would
    read then is about others."""
    try:
        itself = os.readlink("/proc/self")
    except OSError:
        itself = ""
    if itself != str(os.getpid()):
        raise HarnessError("the launcher has mounted another file system on /proc, so what it did cannot be observed")


def need_proc() -> None:
    """Raise HarnessError where there is no /proc: without it no process can be found."""
    if not os.path.isdir("/proc/self"):
        raise HarnessError("/proc is not mounted. Mount it: mount -t proc proc /proc")


def stop_all() -> None:
    """Stop every process below us, as far as that can be done in one go, so that there will be no more of them."""
    if os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGSTOP)


def end_all() -> None:
    """End and reap every process below us.

    As PID 1 of a PID namespace by one call, which no process can outrun: kill(-1) takes the lock that fork needs, and a
    process with SIGKILL pending does not fork. Otherwise level by level, until there is none: what is orphaned
    becomes our child, for we are its subreaper.
    """
    deadline = time.monotonic() + END_WITHIN
    in_namespace = os.getpid() == 1
    while True:
        if in_namespace:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for pid in children() or processes.below(os.getpid(), processes.table()):
                signal_pid(pid, signal.SIGKILL)
        try:
            _reap(deadline)
        except ChildProcessError:
            return
        if time.monotonic() > deadline:
            left = processes.below(os.getpid(), processes.table())
            rows = "; ".join(_described(process) for process in list(left.values())[:10])
            rows = rows or "which, cannot be said: /proc is not there to be read"
            raise HarnessError(
                f"processes did not end within {END_WITHIN:.0f} s of SIGKILL: {rows}. This says nothing about the "
                "launcher. State D is a disk or kernel in trouble"
            )


def _described(process: Process) -> str:
    """Describe a process that does not end: it is there for good, so reading more about it does no harm."""
    from proctor.harness import process_details

    details = process_details.details_of(process.pid, process.role)
    return f"{process_line(details) if details else process.name} (state {process.state})"


def children() -> list[int]:
    """Return the pids of our own children. One short read: a process that forks and ends, and does so for ever, gets
    no further meanwhile than by some of these steps. Empty where the kernel has no such file."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _reap(deadline: float) -> None:
    """Reap the children that have ended, or wait a moment for the first; ChildProcessError where there is no child."""
    pause = 0.0001
    while os.waitpid(-1, os.WNOHANG | processes.WALL)[0] == 0:
        if pause > 0.05 or time.monotonic() > deadline:
            return
        signal.sigtimedwait([signal.SIGCHLD], pause)
        pause *= 2
    while os.waitpid(-1, os.WNOHANG | processes.WALL)[0] > 0:
        pass


def signal_pid(pid: int, number: int) -> None:
    """Signal a process of ours that may have ended meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
