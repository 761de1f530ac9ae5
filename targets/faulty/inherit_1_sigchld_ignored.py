#!/usr/bin/env -S python3 -I -S
"""INHERIT-1: starts the command with SIGCHLD ignored.

`trap '' CHLD` and signal(SIGCHLD, SIG_IGN) against zombies.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def restore_mask(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        super().restore_mask()


if __name__ == "__main__":
    Fault.main()
