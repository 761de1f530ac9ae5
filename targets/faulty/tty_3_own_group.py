#!/usr/bin/env -S python3 -I -S
"""TTY-3: gives the command a foreground group of its own, and does not look for stops.

sudo-like wrappers without WUNTRACED.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import OwnGroup


class Fault(OwnGroup):
    def on_child_stop(self, number: int) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
