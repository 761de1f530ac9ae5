#!/usr/bin/env -S python3 -I -S
"""EXEC-3: SIGTERM stays blocked in the command."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, {*self.inherited_mask, signal.SIGTERM})


if __name__ == "__main__":
    Fault.main()
