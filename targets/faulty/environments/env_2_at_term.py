#!/usr/bin/env -S python3 -I -S
"""ENV-2: removes the environment when SIGTERM comes, not when the command has ended.

The clean-up in the handler.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number == signal.SIGTERM:
            self.clean_up()
        super().forward(number)


if __name__ == "__main__":
    Fault.main()
