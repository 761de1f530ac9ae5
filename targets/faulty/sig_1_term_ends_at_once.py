#!/usr/bin/env -S python3 -I -S
"""SIG-1: ends at once on SIGTERM and leaves the command running.

uv run 0.5.1; npm#10868, opencode#26259.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    taken = EVERY - {signal.SIGTERM}

    def launcher_gone(self) -> None:
        """Nobody tells the command."""


if __name__ == "__main__":
    Fault.main()
