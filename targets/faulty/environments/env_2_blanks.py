#!/usr/bin/env -S python3 -I -S
"""ENV-2: blanks the program of the environment when SIGTERM comes, while the command shuts down: its size stays."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from making import TOOL
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number == signal.SIGTERM:
            program = f"{self.path}/bin/{TOOL}"
            size = os.stat(program).st_size
            os.truncate(program, 0)
            os.truncate(program, size)
        super().forward(number)


if __name__ == "__main__":
    Fault.main()
