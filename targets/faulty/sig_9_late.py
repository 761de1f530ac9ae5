#!/usr/bin/env -S python3 -I -S
"""SIG-9: forwards after 200 ms.

uv run 0.13.8 with SIGINT and no terminal.
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def forward(self, number: int) -> None:
        time.sleep(0.2)
        super().forward(number)


if __name__ == "__main__":
    Fault.main()
