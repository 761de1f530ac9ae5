#!/usr/bin/env -S python3 -I -S
"""SYNC-4: ends with 1 when Ctrl-C was pressed."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def die_of(self, number: int) -> "NoReturn":
        os._exit(1)


if __name__ == "__main__":
    Fault.main()
