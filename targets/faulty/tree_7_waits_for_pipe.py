#!/usr/bin/env -S python3 -I -S
"""TREE-7: gives the command a pipe beside its own descriptors and waits for its end of file: a daemon that
keeps it open makes it stay for ever.

The way to wait for a tree that needs no subreaper (execa, ansible-runner).
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
    def start(self) -> None:
        self.tree, self.member = os.pipe()
        super().start()

    def before_exec(self) -> None:
        os.set_inheritable(self.member, True)

    def finish(self, status: int) -> "NoReturn":
        if self.guard:  # it holds a copy
            self.guard.end()
            self.guard = None
        os.close(self.member)
        os.read(self.tree, 1)
        super().finish(status)


if __name__ == "__main__":
    Fault.main()
