#!/usr/bin/env -S python3 -I -S
"""TTY-1: ends at the second Ctrl-C, while the command is still shutting down.

"Press Ctrl-C again to force".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    interrupts = 0

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGINT and info.si_code == FROM_KERNEL:
            self.interrupts += 1
            if self.interrupts == 2:
                self.finish(signal.SIGINT)
        super().on_signal(info)


if __name__ == "__main__":
    Fault.main()
