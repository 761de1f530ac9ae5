#!/usr/bin/env -S python3 -I -S
"""SIG-5: kills the command when it has not ended two seconds after SIGTERM.

Grace periods nobody asked for, as process managers have them; these wait in a call with a timeout.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
import time

from sound import Launcher, signal


class Fault(Launcher):
    deadline = 0.0

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM and not self.deadline:
            self.deadline = time.monotonic() + 2.0

    def next_signal(self) -> "signal.struct_siginfo":
        while self.deadline:
            info = signal.sigtimedwait(self.taken, max(0.0, self.deadline - time.monotonic()))
            if info:
                return info
            self.deadline = 0.0
            super().forward(signal.SIGKILL)
        return super().next_signal()


if __name__ == "__main__":
    Fault.main()
