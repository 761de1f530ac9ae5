#!/usr/bin/env -S python3 -I -S
"""EXEC-3: the process that started its janitor is not waited for."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def forget_maker(self, pid: int) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
