#!/usr/bin/env -S python3 -I -S
"""TTY-3: stops along with the command the first time only: after the second Ctrl-Z the shell gets no prompt."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    stops = 0

    def on_child_stop(self, number: int) -> None:
        self.stops += 1
        if self.stops == 1:
            super().on_child_stop(number)


if __name__ == "__main__":
    Fault.main()
