#!/usr/bin/env -S python3 -I -S
"""ENV-4: what SIGKILL left stays for ever."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def discard(self, path: str) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
