#!/usr/bin/env -S python3 -I -S
"""TTY-8: reads a line that was typed before the command started.

"Ok to proceed? (y)" answered by what was meant for the command (npx).
"""

import os
import select
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        if os.isatty(0) and select.select([0], [], [], 0)[0]:
            os.read(0, 4096)


if __name__ == "__main__":
    Fault.main()
