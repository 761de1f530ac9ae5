"""Wakes up a guardian that was stopped, and ends what it does not get to end.

Without a PID namespace a launcher can signal the runner and its guardian. SIGSTOP cannot be caught, and a process that
is stopped ends nothing. Their parent, the worker, learns of the stop; waitid(2), WSTOPPED.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

END_WITHIN = 10.0
"""Seconds for processes to be gone after SIGKILL."""


def resume(child: int) -> bool:
    """Continue a child of ours if it was stopped since the last call; return whether it was."""
    try:
        stopped = os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOHANG) is not None
    except ChildProcessError:
        return False
    if stopped:
        os.kill(child, signal.SIGCONT)
    return stopped


def end_below(ancestor: int) -> None:
    """End all descendants of a subreaper, and not it itself, until there are none or END_WITHIN has passed: as often as
    one ends, its children become children of the ancestor, even while that is stopped."""
    import psutil  # which few runs need

    deadline = time.monotonic() + END_WITHIN
    while time.monotonic() < deadline:
        living = False
        with contextlib.suppress(psutil.Error):  # the ancestor has ended, or one whose children are listed
            for process in psutil.Process(ancestor).children(recursive=True):
                with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                    if process.status() != psutil.STATUS_ZOMBIE:
                        living = True
                        process.kill()
        if not living:
            return
