#!/usr/bin/env -S python3 -I -S
"""EXIT-5: says nothing when the command was killed by a signal that nobody sent through it.

uv#16726.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def report_death(self, number: int) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
