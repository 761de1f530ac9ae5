#!/usr/bin/env -S python3 -I -S
"""TTY-6: takes one line of the window for a status line.

Progress displays that keep the last line for themselves.
"""

import fcntl
import os
import struct
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def prepare(self) -> None:
        super().prepare()
        self.resize(-1)

    def resize(self, by: int) -> None:
        try:
            size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
            rows, *others = struct.unpack("HHHH", size)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", (rows + by) & 0xFFFF, *others))
        except OSError:
            pass

    def finish(self, status: int) -> "NoReturn":
        self.resize(1)
        super().finish(status)


if __name__ == "__main__":
    Fault.main()
