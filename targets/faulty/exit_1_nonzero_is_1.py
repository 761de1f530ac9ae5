#!/usr/bin/env -S python3 -I -S
"""EXIT-1: turns every code but 0 into 1.

Task runners that only know success and failure.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def code(self, code: int) -> int:
        return 1 if code else 0


if __name__ == "__main__":
    Fault.main()
