#!/usr/bin/env -S python3 -I -S
"""EXIT-6: waits until every process of the group that was started after it has ended.

"Wait for the tree": Node's `close` event instead of `exit` has the same effect by way of stdout.
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
            self.guard = None
        born, _ = self.birth_and_group(os.getpid())
        while any(self.is_member(int(name), born) for name in os.listdir("/proc") if name.isdecimal()):
            time.sleep(0.01)
        super().finish(status)

    def is_member(self, pid: int, born: int) -> bool:
        try:
            birth, group = self.birth_and_group(pid)
        except OSError:
            return False
        return group == os.getpgrp() and birth >= born and pid != os.getpid()

    def birth_and_group(self, pid: int) -> tuple[int, int]:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[19]), int(fields[2]) if fields[0] != b"Z" else 0


if __name__ == "__main__":
    Fault.main()
