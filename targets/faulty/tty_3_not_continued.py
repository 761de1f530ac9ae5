#!/usr/bin/env -S python3 -I -S
"""TTY-3: gives the command a group of its own, stops with it, and does not continue it at fg.

The shell's SIGCONT reaches only the launcher's group.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import OwnGroup
from sound import signal


class Fault(OwnGroup):
    def forward(self, number: int) -> None:
        if number != signal.SIGCONT:
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
