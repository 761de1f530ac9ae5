#!/usr/bin/env -S python3 -I -S
"""INHERIT-3: drops empty arguments.

`filter(Boolean)` over the arguments.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def arguments(self) -> list[bytes]:
        return [argument for argument in self.command if argument]


if __name__ == "__main__":
    Fault.main()
