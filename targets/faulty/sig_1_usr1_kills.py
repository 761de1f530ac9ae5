#!/usr/bin/env -S python3 -I -S
"""SIG-1: leaves SIGUSR1 at its default: it dies of it, and the command gets SIGTERM from the guard instead.

uv run 0.6.14 with SIGUSR2 (uv#12830).
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import EVERY, Launcher, signal


class Fault(Launcher):
    taken = EVERY - {signal.SIGUSR1}


if __name__ == "__main__":
    Fault.main()
