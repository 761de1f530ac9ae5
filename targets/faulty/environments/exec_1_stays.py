#!/usr/bin/env -S python3 -I -S
"""EXEC-1: stays as the command's parent."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def replace(self, command: list[str]) -> "NoReturn":
        self.supervise(command)


if __name__ == "__main__":
    Fault.main()
