#!/usr/bin/env -S python3 -I -S
"""SIG-8: sends SIGTERM to the pid of the command after it has reaped it, but only where it had forwarded a signal."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def on_child_end(self, status: int) -> None:
        pid = self.child
        super().on_child_end(status)
        if self.seen:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass


if __name__ == "__main__":
    Fault.main()
