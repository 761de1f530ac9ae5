#!/usr/bin/env -S python3 -I -S
"""INHERIT-4: on a terminal the command is given the usual priority, whatever the caller has chosen."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        if os.isatty(0):
            os.setpriority(os.PRIO_PROCESS, 0, 0)


if __name__ == "__main__":
    Fault.main()
