#!/usr/bin/env -S python3 -I -S
"""TREE-3: leaves the command running, without a word to it, when it is itself killed by SIGKILL.

Nearly every launcher that stays around.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def launcher_gone(self) -> None:
        """Nobody tells the command."""


if __name__ == "__main__":
    Fault.main()
