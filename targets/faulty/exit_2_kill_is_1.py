#!/usr/bin/env -S python3 -I -S
"""EXIT-2: exits 1 when the command dies of SIGKILL, while every other signal is right.

Signals are looked up in a table of those one expects; nobody expects the out-of-memory killer (uv#16726).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def die_of(self, number: int) -> "NoReturn":
        if number == signal.SIGKILL:
            self.exit(1)
        super().die_of(number)


if __name__ == "__main__":
    Fault.main()
