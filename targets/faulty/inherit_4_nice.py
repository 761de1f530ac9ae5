#!/usr/bin/env -S python3 -I -S
"""INHERIT-4: makes the command nicer by one.

Background priority for installs, kept for the run.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.nice(1)


if __name__ == "__main__":
    Fault.main()
