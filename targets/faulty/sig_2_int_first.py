#!/usr/bin/env -S python3 -I -S
"""SIG-2: sends SIGINT before SIGTERM, to give the command a chance.

Escalation ladders: INT, TERM, KILL.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number == signal.SIGTERM:
            super().forward(signal.SIGINT)
        super().forward(number)


if __name__ == "__main__":
    Fault.main()
