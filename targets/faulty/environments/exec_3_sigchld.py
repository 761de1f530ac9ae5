#!/usr/bin/env -S python3 -I -S
"""EXEC-3: waits for the process that started its janitor, but leaves the SIGCHLD of it pending: where the caller has it
blocked, the command gets it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forget_maker(self, pid: int) -> None:
        os.waitpid(pid, 0)
        if self.inherited_sigchld == signal.SIG_DFL:  # to set that again would discard what is pending
            self.inherited_sigchld = None


if __name__ == "__main__":
    Fault.main()
