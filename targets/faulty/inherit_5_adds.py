#!/usr/bin/env -S python3 -I -S
"""INHERIT-5: adds a variable that is not declared.

npm_lifecycle_event, UV, POETRY_ACTIVE.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def environment(self) -> dict[bytes, bytes]:
        return super().environment() | {b"SOUND_ACTIVE": b"1"}


if __name__ == "__main__":
    Fault.main()
