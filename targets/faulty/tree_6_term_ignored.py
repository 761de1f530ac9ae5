#!/usr/bin/env -S python3 -I -S
"""TREE-6: as PID 1 leaves TERM and INT to their default action, which PID 1 does not have.

uv#8761; every container whose first process is a shell script.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if os.getpid() != 1 or number not in (signal.SIGTERM, signal.SIGINT):
            super().forward(number)


if __name__ == "__main__":
    Fault.main()
