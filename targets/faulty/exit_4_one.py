#!/usr/bin/env -S python3 -I -S
"""EXIT-4: exits 1, with the message, when the command cannot be run.

Node launchers: `spawn ENOENT` is an error like any other.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def cannot_execute(self, error: OSError, code: int) -> None:
        super().cannot_execute(error, 1)


if __name__ == "__main__":
    Fault.main()
