#!/usr/bin/env -S python3 -I -S
"""TREE-7: sends SIGTERM to whatever it has adopted when the command has ended, the command's daemon too.

Subreapers that clean up after their command.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import become_subreaper
from sound import Launcher, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def prepare(self) -> None:
        become_subreaper()
        super().prepare()

    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
            self.guard = None
        with open("/proc/thread-self/children", encoding="ascii") as file:
            adopted = [int(pid) for pid in file.read().split()]
        for pid in adopted:
            os.kill(pid, signal.SIGTERM)
        super().finish(status)


if __name__ == "__main__":
    Fault.main()
