#!/usr/bin/env -S python3 -I -S
"""TTY-6: takes the controlling terminal away from the command: /dev/tty does not open.

TIOCNOTTY, as dumb-init 1.2.1 does it for itself.
"""

import fcntl
import os
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        try:
            fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), termios.TIOCNOTTY)
        except OSError:
            pass


if __name__ == "__main__":
    Fault.main()
