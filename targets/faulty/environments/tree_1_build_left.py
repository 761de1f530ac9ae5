#!/usr/bin/env -S python3 -I -S
"""TREE-1: an interrupted sync leaves its build running."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def end_backend(self) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
