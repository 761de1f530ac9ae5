#!/usr/bin/env -S python3 -I -S
"""INHERIT-1: sets every ignored signal back to its default: nohup has no effect.

Launchers that reset all handlers before exec.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    def restore_mask(self) -> None:
        for number in EVERY:
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        super().restore_mask()


if __name__ == "__main__":
    Fault.main()
