#!/usr/bin/env -S python3 -I -S
"""SIG-1: swallows SIGUSR2.

Launchers that forward a list of signals.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number != signal.SIGUSR2:
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
