#!/usr/bin/env -S python3 -I -S
"""EXIT-1: keeps seven bits of the exit code: 128 becomes 0, 255 becomes 127.

The mask that belongs to the signal part of a wait status, used on the exit code.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def code(self, code: int) -> int:
        return code & 0x7F


if __name__ == "__main__":
    Fault.main()
