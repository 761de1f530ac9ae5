#!/usr/bin/env -S python3 -I -S
"""CACHE-3: marks who uses a part by PID; another process may have it later."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import MarksUsers


class Fault(MarksUsers):
    def is_in_use(self, path: str) -> bool:
        return any(os.path.exists(f"/proc/{os.path.basename(mark)}") for mark in self.marks(path))


if __name__ == "__main__":
    Fault.main()
