"""Launchers that stop Proctor's own processes: python stops.py HOW COMMAND ARGS...

They signal only the guardian, and the runner between it and themselves, after they have made sure that it is that. So
they do no harm without a PID namespace, which alone is where a launcher can do this.
"""

from __future__ import annotations

import os
import signal
import sys
import time

LONGEST = 120.0
"""Seconds after which the one that goes on and on gives up, in case that it is not ended."""


def parent_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b") ")[2].split()[1])


def main() -> None:
    how = sys.argv[1]
    runner = os.getppid()
    guardian = parent_of(runner)
    if guardian == 0 or os.path.basename(os.readlink(f"/proc/{guardian}/exe")) != "guardian":
        sys.exit("not below a guardian: nothing is signalled")
    if how in ("both", "again"):
        os.kill(guardian, signal.SIGSTOP)
    if how == "kills":
        os.kill(guardian, signal.SIGKILL)
    os.kill(runner, signal.SIGSTOP)
    deadline = time.monotonic() + LONGEST
    while how == "again" and time.monotonic() < deadline:
        if os.path.basename(os.readlink(f"/proc/{guardian}/exe")) == "guardian":
            os.kill(guardian, signal.SIGSTOP)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
