#!/usr/bin/env -S python3 -I -S
"""SIG-4: leaves the real-time signals at their default: it dies of them, and the command gets SIGTERM
instead.

"All signals" as 1 to 31.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    taken = frozenset(number for number in EVERY if number < signal.SIGRTMIN)


if __name__ == "__main__":
    Fault.main()
