#!/usr/bin/env -S python3 -I -S
"""ENV-1: removes nothing when it ends; the next run does.

Clean-up by garbage collection only.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import LeaseWithCommand


class Fault(LeaseWithCommand):
    def clean_up(self) -> None:
        pass


if __name__ == "__main__":
    Fault.main()
