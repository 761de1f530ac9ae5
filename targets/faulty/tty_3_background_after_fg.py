#!/usr/bin/env -S python3 -I -S
"""TTY-3: gives the command a group of its own, continues it at fg, and does not give it the terminal back.

tcsetpgrp at start only: Ctrl-C after fg goes to the launcher, which takes it for the command's.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import OwnGroup
from sound import signal


class Fault(OwnGroup):
    def forward(self, number: int) -> None:
        if number == signal.SIGCONT:
            os.kill(self.child, number)
        else:
            super().forward(number)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return self.from_terminal(info)


if __name__ == "__main__":
    Fault.main()
