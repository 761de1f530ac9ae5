#!/usr/bin/env -S python3 -I -S
"""SIG-10: forgets, when it is continued, what was sent while it was stopped.

Handlers set anew at SIGCONT, and "stale" signals drained.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    def next_signal(self) -> "signal.struct_siginfo":
        info = super().next_signal()
        if signal.SIGCONT in signal.sigpending() and info.si_signo != signal.SIGCHLD:
            while later := signal.sigtimedwait(EVERY - {signal.SIGCHLD}, 0):
                info = later
        return info


if __name__ == "__main__":
    Fault.main()
