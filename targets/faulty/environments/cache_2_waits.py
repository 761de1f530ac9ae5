#!/usr/bin/env -S python3 -I -S
"""CACHE-2: prune waits for who runs from the cache."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from leases import LOCK_EX
from sound import Launcher


class Fault(Launcher):
    def retire(self, path: str) -> None:
        os.close(self.take(path, LOCK_EX))
        super().retire(path)


if __name__ == "__main__":
    Fault.main()
