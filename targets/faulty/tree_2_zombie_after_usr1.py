#!/usr/bin/env -S python3 -I -S
"""TREE-2: starts a helper on SIGUSR1 and never waits for it."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    helper = 0

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGUSR1:
            self.helper = os.fork()
            if self.helper == 0:
                os._exit(0)

    def wait_for_child(self, flags: int) -> "tuple[int, int] | None":
        if not self.helper:
            return super().wait_for_child(flags)
        for child in (self.child, self.guard.pid if self.guard else 0):
            try:
                pid, status = os.waitpid(child, flags) if child else (0, 0)
            except ChildProcessError:
                continue
            if pid:
                return pid, status
        return None


if __name__ == "__main__":
    Fault.main()
