#!/usr/bin/env -S python3 -I -S
"""SIG-3: swallows a SIGINT sent by kill while stdin is a terminal.

uv run 0.13.8: "a Ctrl-C reaches the command anyway" (uv#12108, uv#8654).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number != signal.SIGINT or not os.isatty(0):
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
