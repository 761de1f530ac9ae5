#!/usr/bin/env -S python3 -I -S
"""TTY-7: leaves the terminal without echo and line editing.

A question to the terminal at the end (its background colour), and modes that nobody restores.
"""

import os
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def finish(self, status: int) -> "NoReturn":
        try:
            modes = termios.tcgetattr(0)
            modes[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(0, termios.TCSANOW, modes)
        except termios.error:
            pass
        super().finish(status)


if __name__ == "__main__":
    Fault.main()
