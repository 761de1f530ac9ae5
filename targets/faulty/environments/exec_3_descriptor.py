#!/usr/bin/env -S python3 -I -S
"""EXEC-3: the command inherits the lease."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def become(self, command: list[str]) -> "NoReturn":
        os.set_inheritable(self.lease, True)
        super().become(command)


if __name__ == "__main__":
    Fault.main()
