#!/usr/bin/env -S python3 -I -S
"""EXEC-3: its janitor is a child of the command."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def start_janitor(self, watched: list[int], unneeded: int = -1, adopted: bool = False) -> int:
        return super().start_janitor(watched, unneeded)


if __name__ == "__main__":
    Fault.main()
