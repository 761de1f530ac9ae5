#!/usr/bin/env -S python3 -I -S
"""EXIT-1: turns 255 into 1.

Launchers that use -1 for "failed to start" inside meet a command's own 255.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def code(self, code: int) -> int:
        return 1 if code == 255 else code


if __name__ == "__main__":
    Fault.main()
