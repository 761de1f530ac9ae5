#!/usr/bin/env -S python3 -I -S
"""SYNC-3: refuses an environment that was made by another interpreter."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def is_up_to_date(self, wanted: bytes) -> bool:
        there = f"{self.venv}/bin/python"
        if os.path.lexists(there) and os.readlink(there) != wanted.decode().split("\n")[0]:
            self.fail(f"{self.venv} is of another interpreter; remove it")
        return super().is_up_to_date(wanted)


if __name__ == "__main__":
    Fault.main()
