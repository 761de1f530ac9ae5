#!/usr/bin/env -S python3 -I -S
"""EXIT-4: exits 127, not 126, when the command may not be executed.

Looks only for files that are executable, so that others are "not found".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def cannot_execute(self, error: OSError, code: int) -> None:
        super().cannot_execute(error, 127)


if __name__ == "__main__":
    Fault.main()
