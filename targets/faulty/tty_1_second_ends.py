#!/usr/bin/env -S python3 -I -S
"""TTY-1: kills the command at the second Ctrl-C.

"Press Ctrl-C again to force".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import wait_until_taken
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    interrupts = 0

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        super().on_signal(info)
        if info.si_signo == signal.SIGINT and info.si_code == FROM_KERNEL and self.child:
            self.interrupts += 1
            if self.interrupts == 2:
                wait_until_taken(self.child, signal.SIGINT)
                self.forward(signal.SIGKILL)


if __name__ == "__main__":
    Fault.main()
