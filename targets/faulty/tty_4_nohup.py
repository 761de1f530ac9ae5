#!/usr/bin/env -S python3 -I -S
"""TTY-4: starts the command with SIGHUP ignored.

`nohup` in start scripts.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def restore_mask(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        super().restore_mask()


if __name__ == "__main__":
    Fault.main()
