#!/usr/bin/env -S python3 -I -S
"""SIG-5: kills the command when it has not ended 300 ms after SIGTERM.

Grace periods nobody asked for; opencode#26259 asks for the signal, not for this.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            signal.setitimer(signal.ITIMER_REAL, 0.3)

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGALRM and info.si_code == FROM_KERNEL:
            if self.child:
                super().forward(signal.SIGKILL)
        else:
            super().on_signal(info)


if __name__ == "__main__":
    Fault.main()
