#!/usr/bin/env -S python3 -I -S
"""TTY-6: relays the command's stdout through a pipe.

Loggers that put a time in front of each line; isatty(1) is false.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import RelayedOutput


class Fault(RelayedOutput):
    """All of it is in RelayedOutput."""


if __name__ == "__main__":
    Fault.main()
