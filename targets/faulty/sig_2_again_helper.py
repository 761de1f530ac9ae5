#!/usr/bin/env -S python3 -I -S
"""SIG-2: sends every signal once more 300 ms later, by a helper process.

`(sleep 0.3; kill -TERM $pid) &` in a shell wrapper.
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def prepare(self) -> None:
        super().prepare()
        self.helpers: set[int] = set()

    def forward(self, number: int) -> None:
        super().forward(number)
        helper = os.fork()
        if helper == 0:
            time.sleep(0.3)
            os.kill(self.child, number)
            os._exit(0)
        self.helpers.add(helper)

    def on_other_child(self, pid: int, status: int) -> None:
        self.helpers.discard(pid)
        super().on_other_child(pid, status)

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        """Ends the helpers before the command is reaped: they must not signal a pid that is free."""
        if os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT) if self.child else None:
            while self.helpers:
                helper = self.helpers.pop()
                os.kill(helper, signal.SIGKILL)
                os.waitpid(helper, 0)
        return super().wait_for_child(flags)


if __name__ == "__main__":
    Fault.main()
