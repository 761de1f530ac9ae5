#!/usr/bin/env -S python3 -I -S
"""CACHE-3: prune removes nothing but leftovers."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def retire(self, path: str) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
