#!/usr/bin/env -S python3 -I -S
"""SIG-2: forwards each signal the first time only.

Node's `process.once('SIGTERM', ...)`.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def prepare(self) -> None:
        super().prepare()
        self.forwarded: set[int] = set()

    def forward(self, number: int) -> None:
        if number not in self.forwarded:
            super().forward(number)
        self.forwarded.add(number)


if __name__ == "__main__":
    Fault.main()
