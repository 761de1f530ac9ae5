#!/usr/bin/env -S python3 -I -S
"""ENV-2: the second Ctrl-C removes the environment while the command shuts down."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    interrupts = 0

    def on_signal(self, number: int, code: int) -> None:
        self.interrupts += number == signal.SIGINT
        if self.interrupts == 2:
            self.clean_up()
        super().on_signal(number, code)


if __name__ == "__main__":
    Fault.main()
