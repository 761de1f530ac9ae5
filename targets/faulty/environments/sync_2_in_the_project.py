#!/usr/bin/env -S python3 -I -S
"""SYNC-2: makes the new environment beside the old one, in the project, and leaves it there when it is
interrupted.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def workshop(self) -> str:
        return "."

    def interrupted(self, number: int) -> "NoReturn":
        self.die_of(number)


if __name__ == "__main__":
    Fault.main()
