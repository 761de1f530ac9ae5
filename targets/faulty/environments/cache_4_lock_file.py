#!/usr/bin/env -S python3 -I -S
"""CACHE-4: a prune that was interrupted leaves a lock file, and every run refuses."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def create(self) -> None:
        if os.path.exists(f"{self.cache}/lock"):
            self.fail("a prune is at work")
        super().create()

    def prune(self) -> "NoReturn":
        lock = f"{self.cache}/lock"
        write(lock, "")
        for name in self.names_in(self.tools):
            self.retire(f"{self.tools}/{name}")
        os.unlink(lock)
        os._exit(0)


if __name__ == "__main__":
    Fault.main()
