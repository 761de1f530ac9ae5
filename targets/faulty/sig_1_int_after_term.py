#!/usr/bin/env -S python3 -I -S
"""SIG-1: swallows SIGINT once a SIGTERM has come by.

"Already stopping": what the user presses then is lost.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number != signal.SIGINT or signal.SIGTERM not in self.seen:
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
