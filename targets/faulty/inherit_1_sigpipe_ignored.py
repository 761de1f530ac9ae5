#!/usr/bin/env -S python3 -I -S
"""INHERIT-1: leaves SIGPIPE and SIGXFSZ ignored in the command.

Every Python or Rust launcher that does not undo what its runtime did.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def set_to_default(self) -> list[int]:
        return [number for number in super().set_to_default() if number == signal.SIGINT]


if __name__ == "__main__":
    Fault.main()
