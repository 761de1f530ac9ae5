#!/usr/bin/env -S python3 -I -S
"""SIG-4: takes several real-time signals of one number that are waiting for one: they queue, unlike the others."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number >= signal.SIGRTMIN:
            while signal.sigtimedwait({number}, 0):
                pass
        super().forward(number)


if __name__ == "__main__":
    Fault.main()
