#!/usr/bin/env -S python3 -I -S
"""EXIT-2: exits 1 when the command dies of a real-time signal.

A table of named signals ends at SIGSYS; the real-time ones have no name of their own.
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
        if number >= signal.SIGRTMIN:
            self.exit(1)
        super().die_of(number)


if __name__ == "__main__":
    Fault.main()
