#!/usr/bin/env -S python3 -I -S
"""INHERIT-2: leaks a descriptor of its own to the command.

A log or lock file opened without O_CLOEXEC.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)


if __name__ == "__main__":
    Fault.main()
