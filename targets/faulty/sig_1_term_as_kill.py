#!/usr/bin/env -S python3 -I -S
"""SIG-1: passes SIGTERM on as SIGKILL.

`child.kill()` of several standard libraries.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        super().forward(signal.SIGKILL if number == signal.SIGTERM else number)


if __name__ == "__main__":
    Fault.main()
