#!/usr/bin/env -S python3 -I -S
"""CACHE-3: who was killed does not take back its mark, and what it has used stays for ever."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import MarksUsers


class Fault(MarksUsers):
    def is_in_use(self, path: str) -> bool:
        return bool(self.marks(path))


if __name__ == "__main__":
    Fault.main()
