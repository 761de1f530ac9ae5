#!/usr/bin/env -S python3 -I -S
"""TTY-7: gives the command a foreground group of its own, and does not take the terminal back at the end.

tcsetpgrp at start only.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import OwnGroup
from sound import Launcher


class Fault(OwnGroup):
    def on_child_end(self, status: int) -> None:
        Launcher.on_child_end(self, status)


if __name__ == "__main__":
    Fault.main()
