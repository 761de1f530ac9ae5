#!/usr/bin/env -S python3 -I -S
"""SIG-4: on SIGTSTP by kill it stops itself, and leaves the command running.

The default action: tini 0.19.0 and everybody who does not catch it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number == signal.SIGTSTP:
            self.stop(number)
        else:
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
