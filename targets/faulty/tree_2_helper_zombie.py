#!/usr/bin/env -S python3 -I -S
"""TREE-2: starts a helper that ends at once, and does not reap it.

A probe (`which`, `--version`) started and forgotten.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def after_fork(self) -> None:
        if os.fork() == 0:
            os._exit(0)

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        if not self.child:
            return None
        pid, status = os.waitpid(self.child, flags)
        return (pid, status) if pid else None


if __name__ == "__main__":
    Fault.main()
