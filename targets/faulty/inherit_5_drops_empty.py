#!/usr/bin/env -S python3 -I -S
"""INHERIT-5: drops variables whose value is empty.

`if (value)` while copying the environment.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def environment(self) -> dict[bytes, bytes]:
        return {key: value for key, value in super().environment().items() if value}


if __name__ == "__main__":
    Fault.main()
