#!/usr/bin/env -S python3 -I -S
"""SYNC-4: gives the build 3 s to end, whether it needs them or not."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
import time

from sound import Launcher, signal


class Fault(Launcher):
    def end_backend(self) -> None:
        os.killpg(self.backend, signal.SIGTERM)
        time.sleep(3)
        super().end_backend()


if __name__ == "__main__":
    Fault.main()
