#!/usr/bin/env -S python3 -I -S
"""TREE-6: as PID 1 waits only for its own child: what it adopts stays a zombie.

uv run in a container (uv#8761).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        if not self.child:
            return None
        pid, status = os.waitpid(self.child, flags)
        return (pid, status) if pid else None


if __name__ == "__main__":
    Fault.main()
