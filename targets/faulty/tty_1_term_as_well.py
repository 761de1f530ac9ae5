#!/usr/bin/env -S python3 -I -S
"""TTY-1: on Ctrl-C, which the command got already, it sends SIGTERM as well.

A supervisor that "makes sure" that the command ends.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def on_signal(self, info: "signal.struct_siginfo") -> None:
        super().on_signal(info)
        if info.si_signo == signal.SIGINT and self.from_terminal(info):
            self.forward(signal.SIGTERM)


if __name__ == "__main__":
    Fault.main()
