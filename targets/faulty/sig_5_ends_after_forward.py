#!/usr/bin/env -S python3 -I -S
"""SIG-5: forwards SIGTERM and ends by it at once, whatever the command makes of it.

Handlers that kill the child and exit.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            self.finish(signal.SIGTERM)


if __name__ == "__main__":
    Fault.main()
