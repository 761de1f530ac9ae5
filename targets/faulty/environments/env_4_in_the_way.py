#!/usr/bin/env -S python3 -I -S
"""ENV-4: a run that was killed is in the way of the next one.

Directories are numbered; one that nobody uses is taken over, and not expected to hold anything.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from leases import LOCK_EX, LOCK_NB
from sound import Launcher


class Fault(Launcher):
    def collect(self) -> None:
        pass

    def make(self, parent: str, prefix: str = "") -> tuple[str, int]:
        if parent != self.runs:
            return super().make(parent, prefix)
        number = 0
        while True:
            path = f"{parent}/{number}"
            os.makedirs(path, exist_ok=True)
            lease = self.take(path, LOCK_EX | LOCK_NB)
            if lease >= 0:
                return path, lease
            number += 1


if __name__ == "__main__":
    Fault.main()
