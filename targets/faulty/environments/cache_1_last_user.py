#!/usr/bin/env -S python3 -I -S
"""CACHE-1: only the last run is known to use a part of the cache: when that has ended, prune removes it."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import MarksUsers


class Fault(MarksUsers):
    def mark_of(self, pid: int) -> str:
        return "user"

    def is_in_use(self, path: str) -> bool:
        return any(self.is_who_it_was(mark) for mark in self.marks(path))


if __name__ == "__main__":
    Fault.main()
