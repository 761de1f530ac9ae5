#!/usr/bin/env -S python3 -I -S
"""SIG-10: forgets, when it is continued, what was sent while it was stopped.

Handlers set anew at SIGCONT, and "stale" signals drained.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    def next_signal(self) -> "signal.struct_siginfo":
        info = super().next_signal()
        continued = signal.sigtimedwait({signal.SIGCONT}, 0)
        if continued is None:
            return info
        if continued.si_code == FROM_KERNEL or info.si_signo == signal.SIGCHLD:  # or a hang-up: HUP and CONT
            self.on_signal(continued)
            return info
        while signal.sigtimedwait(EVERY - {signal.SIGCHLD}, 0):
            pass
        return continued


if __name__ == "__main__":
    Fault.main()
