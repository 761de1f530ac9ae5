#!/usr/bin/env -S python3 -I -S
"""INHERIT-1: a real-time signal that was blocked is not blocked in the command: the mask has 32 bits."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, {number for number in self.inherited_mask if number < 32})


if __name__ == "__main__":
    Fault.main()
