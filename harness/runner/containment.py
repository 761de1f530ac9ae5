"""Ends everything that an execution has started, whatever it did to get away."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from harness.errors import HarnessError
from harness.runner import processes, ptrace

END_WITHIN = 10.0
"""Seconds that SIGKILLed processes may take to be gone; more means a kernel or disk in trouble."""


def kind() -> str:
    """Return how launchers are contained: "PID namespace", "user and PID namespace" or "subreaper"."""
    return os.environ.get("PROCTOR_CONTAINMENT", "subreaper")


def stop_everyone() -> None:
    """Stop every process below us, as far as that can be done in one go, so that there will be no more of them."""
    if os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGSTOP)


def end_everyone() -> None:
    """End and reap every process below us.

    As PID 1 of a PID namespace by one call, which nobody can outrun: kill(-1) takes the lock that fork needs, and a
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
            for pid in processes.below(os.getpid(), processes.table()):
                signal_pid(pid, signal.SIGKILL)
        if _reap_all(in_namespace, deadline):
            return
        if time.monotonic() > deadline:
            raise HarnessError(f"processes did not end within {END_WITHIN} s of SIGKILL: {processes.table()}")


def _reap_all(in_namespace: bool, deadline: float) -> bool:
    """Reap; return whether we have no children left. Waits for one end at a time unless more must be signalled."""
    while time.monotonic() < deadline:
        try:
            os.waitpid(-1, ptrace.WALL)
        except ChildProcessError:
            return True
        if not in_namespace:
            return False
    return False


def signal_pid(pid: int, number: int) -> None:
    """Signal a process of ours that may have ended meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
