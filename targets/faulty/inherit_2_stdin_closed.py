#!/usr/bin/env -S python3 -I -S
"""INHERIT-2: gives the command /dev/null as stdin when stdin is not a terminal.

Launchers made for terminals; `cmd | launcher x` loses its input.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        if not os.isatty(0):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


if __name__ == "__main__":
    Fault.main()
