#!/usr/bin/env -S python3 -I -S
"""ENV-5: all runs share one environment, and the first that ends removes it."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from leases import LOCK_SH
from sound import Launcher


class Fault(Launcher):
    def make(self, parent: str, prefix: str = "") -> tuple[str, int]:
        if parent != self.runs:
            return super().make(parent, prefix)
        path = f"{parent}/environment"
        while True:
            os.makedirs(path, exist_ok=True)
            lease = self.take(path, LOCK_SH)
            if lease >= 0:
                return path, lease

    def fill(self, tool: str, python: str) -> None:
        try:
            super().fill(tool, python)
        except FileExistsError:
            pass


if __name__ == "__main__":
    Fault.main()
