#!/usr/bin/env -S python3 -I -S
"""SYNC-4: Ctrl-C waits until the build is through."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def interrupted_build(self, number: int) -> None:
        if number != signal.SIGINT:
            super().interrupted_build(number)


if __name__ == "__main__":
    Fault.main()
