#!/usr/bin/env -S python3 -I -S
"""TTY-8: switches the terminal's end-of-file key off while the command runs.

Launchers that do not want a stray Ctrl-D to end them.
"""

import os
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import ChangedTerminal


class Fault(ChangedTerminal):
    def change(self, keys: list[bytes | int]) -> None:
        keys[termios.VEOF] = b"\0"


if __name__ == "__main__":
    Fault.main()
