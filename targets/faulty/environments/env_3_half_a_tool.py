#!/usr/bin/env -S python3 -I -S
"""ENV-3: a signal during the first run leaves half of the tool in the cache, which later runs take for whole."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.mkdir(path)
        self.fill_tool(path, path, python, library, wheel)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)


if __name__ == "__main__":
    Fault.main()
