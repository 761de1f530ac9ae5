#!/usr/bin/env -S python3 -I -S
"""TTY-5: ends when the window is resized: a call that SIGWINCH interrupted is taken for a failure.

EINTR where SA_RESTART does not help; signal(7).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGWINCH and info.si_code == FROM_KERNEL:
            self.say("wait failed: Interrupted system call")
            if self.guard:
                self.guard.end()
            self.exit(1)
        super().on_signal(info)


if __name__ == "__main__":
    Fault.main()
