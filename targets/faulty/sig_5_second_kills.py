#!/usr/bin/env -S python3 -I -S
"""SIG-5: kills the command instead of forwarding the second SIGINT or SIGTERM.

"Press Ctrl-C again to force".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    requests = 0

    def forward(self, number: int) -> None:
        if number in (signal.SIGINT, signal.SIGTERM):
            self.requests += 1
        super().forward(signal.SIGKILL if self.requests == 2 else number)


if __name__ == "__main__":
    Fault.main()
