#!/usr/bin/env -S python3 -I -S
"""ENV-1: after SIGTERM it ends as soon as the command has, and does not clean up.

The signal's path through the program is another than that of a normal end.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import LeaseWithCommand
from sound import signal


class Fault(LeaseWithCommand):
    terminated = False

    def forward(self, number: int) -> None:
        self.terminated |= number == signal.SIGTERM
        super().forward(number)

    def command_has_ended(self, status: int) -> None:
        if not self.terminated:
            super().command_has_ended(status)


if __name__ == "__main__":
    Fault.main()
