#!/usr/bin/env -S python3 -I -S
"""CACHE-5: a run takes what a prune is about to remove: it does not look whether what it locked is still there."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def is_still_there(self, path: str, lease: int) -> bool:
        return True


if __name__ == "__main__":
    Fault.main()
