#!/usr/bin/env -S python3 -I -S
"""SIG-2: sends every signal twice, back to back.

A handler registered twice. The two may merge when the command has not run in between.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def forward(self, number: int) -> None:
        super().forward(number)
        super().forward(number)


if __name__ == "__main__":
    Fault.main()
