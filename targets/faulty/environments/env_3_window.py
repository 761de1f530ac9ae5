#!/usr/bin/env -S python3 -I -S
"""ENV-3: between mkdir and the moment from which signals wait one may come, and the directory stays."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def make_directory(self, path: str) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        super().make_directory(path)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)


if __name__ == "__main__":
    Fault.main()
