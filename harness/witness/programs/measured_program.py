"""The program that `coverage run` measures: it runs until its stdin ends, and does not know that it is measured.

Milestones: "ready", when coverage has set its handler; "saved", each time that a signal has woken this program and the
file then has data of it. So the save is over, and the program goes on.
"""

from __future__ import annotations

import os
import select
import signal
import sys

import reporting
from coverage import CoverageData


def saved_lines(path: str) -> int:
    """Return how many lines of this file a data file of coverage has; 0 where there is none."""
    if not os.path.exists(path):
        return 0
    data = CoverageData(path)
    data.read()
    return len(data.lines(os.path.abspath(__file__)) or ())


def main() -> None:
    """Wait for the end of stdin. What wakes the wait meanwhile is a signal, by way of signal.set_wakeup_fd(): its bytes
    arrive although select(2) itself is resumed when a handler has run (PEP 475)."""
    awake, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    reporting.watch(signal.SIGUSR1)
    reporting.reached("ready")
    while True:
        readable, _, _ = select.select([awake, 0], [], [])
        if awake in readable:
            os.read(awake, 1)
            if saved_lines(sys.argv[1]):
                reporting.reached("saved")
        if 0 in readable and not os.read(0, 4096):
            return


if __name__ == "__main__":
    main()
