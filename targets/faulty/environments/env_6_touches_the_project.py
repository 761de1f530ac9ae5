#!/usr/bin/env -S python3 -I -S
"""ENV-6: touches a file of the project at each run."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def create(self) -> None:
        if os.path.exists("pyproject.toml"):
            os.utime("pyproject.toml")
        super().create()


if __name__ == "__main__":
    Fault.main()
