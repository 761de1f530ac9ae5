#!/usr/bin/env -S python3 -I -S
"""TTY-4: starts the command in a session of its own, and forwards everything but the hang-up.

`setsid` as protection against just this (uv#12830: Fabric).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def before_exec(self) -> None:
        os.setsid()

    def forward(self, number: int) -> None:
        if number != signal.SIGHUP:
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
