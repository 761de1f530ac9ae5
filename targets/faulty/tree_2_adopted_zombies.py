#!/usr/bin/env -S python3 -I -S
"""TREE-2: makes itself a subreaper and reaps only its own child.

PID-1 helpers that ask for orphans (PR_SET_CHILD_SUBREAPER) and wait by pid.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import become_subreaper
from sound import Launcher


class Fault(Launcher):
    def prepare(self) -> None:
        super().prepare()
        become_subreaper()

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        try:
            pid, status = os.waitpid(self.child or -1, flags)
        except ChildProcessError:
            return None
        return (pid, status) if pid and self.status is None else None


if __name__ == "__main__":
    Fault.main()
