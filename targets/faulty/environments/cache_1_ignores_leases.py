#!/usr/bin/env -S python3 -I -S
"""CACHE-1: prune removes all, whoever runs from it."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def retire(self, path: str) -> None:
        directory = os.open(path, os.O_RDONLY)
        gone = f"{self.tools}/.gone-{self.unique()}"
        os.rename(path, gone)
        self.remove(gone, directory)


if __name__ == "__main__":
    Fault.main()
