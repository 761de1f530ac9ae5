#!/usr/bin/env -S python3 -I -S
"""SIG-8: waits 300 ms for late output after it has reaped the command, and forwards to the old pid what
comes in that time.

The handler keeps the pid; nobody clears it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    def on_child_end(self, status: int) -> None:
        pid = self.child
        super().on_child_end(status)
        while info := signal.sigtimedwait(EVERY - {signal.SIGCHLD}, 0.3):
            try:
                os.kill(pid, info.si_signo)
            except ProcessLookupError:
                pass


if __name__ == "__main__":
    Fault.main()
