#!/usr/bin/env -S python3 -I -S
"""TTY-7: leaves the terminal without echo when the command died of a signal.

Restored at the ordinary end only: hidden cursors and dead keys after Ctrl-C.
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
    def die_of(self, number: int) -> "NoReturn":
        try:
            modes = termios.tcgetattr(0)
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, modes)
        except termios.error:
            pass
        super().die_of(number)


if __name__ == "__main__":
    Fault.main()
