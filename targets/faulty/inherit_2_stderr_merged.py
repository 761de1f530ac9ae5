#!/usr/bin/env -S python3 -I -S
"""INHERIT-2: gives the command its stdout as stderr.

`2>&1` for the sake of one log.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.dup2(1, 2)


if __name__ == "__main__":
    Fault.main()
