#!/usr/bin/env -S python3 -I -S
"""EXIT-7: once the command has ended it takes the caller's signal mask again, and dies of what is pending.

"Restore what we changed before we leave". Seen without a race: SIGSTOP to the launcher, the command exits
3, SIGTERM, SIGCONT.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def next_signal(self) -> "signal.struct_siginfo":
        ended = signal.sigtimedwait({signal.SIGCHLD}, 0)
        return ended or super().next_signal()

    def on_child_end(self, status: int) -> None:
        super().on_child_end(status)
        self.restore_signals()


if __name__ == "__main__":
    Fault.main()
