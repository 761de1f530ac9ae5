#!/usr/bin/env -S python3 -I -S
"""ENV-1: the environment stays when the command died of a signal.

The exit by signal comes before the clean-up.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import LeaseWithCommand


class Fault(LeaseWithCommand):
    def command_has_ended(self, status: int) -> None:
        if not os.WIFSIGNALED(status):
            super().command_has_ended(status)


if __name__ == "__main__":
    Fault.main()
