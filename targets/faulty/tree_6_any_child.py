#!/usr/bin/env -S python3 -I -S
"""TREE-6: takes the end of any child for the command's, and ends with its status.

`wait()` without a look at the pid (dumb-init#44 is about the same place).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def on_other_child(self, pid: int, status: int) -> None:
        if self.guard and pid != self.guard.pid and not os.WIFSTOPPED(status) and not os.WIFCONTINUED(status):
            self.on_child_end(status)
        else:
            super().on_other_child(pid, status)


if __name__ == "__main__":
    Fault.main()
