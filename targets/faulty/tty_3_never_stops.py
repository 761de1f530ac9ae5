#!/usr/bin/env -S python3 -I -S
"""TTY-3: does not stop itself when the command stops, so that the shell never gets its prompt back.

tini 0.19.0.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def on_child_stop(self, number: int) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
