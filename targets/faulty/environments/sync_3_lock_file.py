#!/usr/bin/env -S python3 -I -S
"""SYNC-3: a lock file stays when it is interrupted, and every later sync refuses."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, write


class Fault(Launcher):
    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        lock = f"{self.cache}/sync.lock"
        try:
            write(lock, "")
        except FileExistsError:
            self.fail(f"another sync is at work: {lock}")
        super().install(python, library, project, wanted)
        os.unlink(lock)


if __name__ == "__main__":
    Fault.main()
