#!/usr/bin/env -S python3 -I -S
"""SIG-1: as the leader of a session with a terminal it takes every SIGHUP for a hang-up, which the kernel sends the
command as well, and does not forward it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number != signal.SIGHUP or os.getsid(0) != os.getpid() or not os.isatty(0):
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
