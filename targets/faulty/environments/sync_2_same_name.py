#!/usr/bin/env -S python3 -I -S
"""SYNC-2: each sync leaves a log in the project, under the same name."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def sync(self) -> "NoReturn":
        with open("sync.log", "w", encoding="ascii"):
            pass
        super().sync()


if __name__ == "__main__":
    Fault.main()
