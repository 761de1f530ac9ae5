#!/usr/bin/env -S python3 -I -S
"""Without a fault as well: what SIGKILL left is removed by prune, not by the next run. ENV-4 grants either."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Patient(Launcher):
    def collect(self) -> None:
        pass


if __name__ == "__main__":
    Patient.main()
