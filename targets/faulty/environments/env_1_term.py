#!/usr/bin/env -S python3 -I -S
"""ENV-1: SIGTERM ends it before it can clean up.

The one signal that was forgotten.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import LeaseWithCommand
from sound import EVERY, signal


class Fault(LeaseWithCommand):
    taken = EVERY - {signal.SIGTERM}


if __name__ == "__main__":
    Fault.main()
