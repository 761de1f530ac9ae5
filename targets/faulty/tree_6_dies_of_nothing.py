#!/usr/bin/env -S python3 -I -S
"""TREE-6: as PID 1 tries to die of the command's signal, which does nothing, and exits 0.

`kill(getpid(), n)` and then the end of main.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def exit(self, code: int) -> "NoReturn":
        super().exit(0 if self.status and os.WIFSIGNALED(self.status) else code)


if __name__ == "__main__":
    Fault.main()
