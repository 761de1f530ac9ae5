#!/usr/bin/env -S python3 -I -S
"""CACHE-5: prune looks whether a part is in use, and removes it later."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
import fcntl

from leases import LOCK_EX, LOCK_NB
from sound import Launcher


class Fault(Launcher):
    def retire(self, path: str) -> None:
        lease = self.take(path, LOCK_EX | LOCK_NB)
        if lease < 0:
            return
        fcntl.flock(lease, fcntl.LOCK_UN)
        gone = f"{self.tools}/.gone-{self.unique()}"
        os.rename(path, gone)
        self.remove(gone, lease)


if __name__ == "__main__":
    Fault.main()
