#!/usr/bin/env -S python3 -I -S
"""ENV-2: the lease ends with the launcher: when that was killed, the next run removes what the command still
uses.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def start_janitor(self, watched: list[int], unneeded: int = -1, adopted: bool = False) -> int:
        return 0


if __name__ == "__main__":
    Fault.main()
