#!/usr/bin/env -S python3 -I -S
"""ENV-4: SIGKILL during the first run leaves half of the tool in the cache, which later runs take for whole."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        os.mkdir(path)
        self.fill_tool(path, path, python, library, wheel)


if __name__ == "__main__":
    Fault.main()
