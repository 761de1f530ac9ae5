#!/usr/bin/env -S python3 -I -S
"""TTY-8: drops what was typed before the command started.

tcflush before the command, against "stale" keys; TCSAFLUSH does it in passing.
"""

import os
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        try:
            termios.tcflush(0, termios.TCIFLUSH)
        except termios.error:
            pass


if __name__ == "__main__":
    Fault.main()
