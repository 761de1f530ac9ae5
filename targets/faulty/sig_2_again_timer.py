#!/usr/bin/env -S python3 -I -S
"""SIG-2: sends every signal once more 300 ms later, by an interval timer.

A retry for commands that "did not react".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    again = 0

    def forward(self, number: int) -> None:
        super().forward(number)
        self.again = number
        signal.setitimer(signal.ITIMER_REAL, 0.3)

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGALRM and info.si_code == FROM_KERNEL:
            if self.child:
                super().forward(self.again)
        else:
            super().on_signal(info)


if __name__ == "__main__":
    Fault.main()
