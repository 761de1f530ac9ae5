#!/usr/bin/env -S python3 -I -S
"""SIG-1: leaves SIGHUP at its default: it dies of it and leaves the command running.

uv run 0.6.14 (uv#12830).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    taken = EVERY - {signal.SIGHUP}

    def launcher_gone(self) -> None:
        """Nobody tells the command."""


if __name__ == "__main__":
    Fault.main()
