#!/usr/bin/env -S python3 -I -S
"""TREE-7: makes itself a subreaper and waits until it has no child left: a daemon makes it stay for ever.

"Wait for the tree" (Bun, several inits).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import become_subreaper
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def prepare(self) -> None:
        super().prepare()
        become_subreaper()

    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
            self.guard = None
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            super().finish(status)


if __name__ == "__main__":
    Fault.main()
