#!/usr/bin/env -S python3 -I -S
"""INHERIT-3: cuts arguments at 65,535 bytes.

A buffer of 64 KiB.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def arguments(self) -> list[bytes]:
        return [argument[:65535] for argument in self.command]


if __name__ == "__main__":
    Fault.main()
