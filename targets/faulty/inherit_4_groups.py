#!/usr/bin/env -S python3 -I -S
"""INHERIT-4: drops the supplementary groups.

setgroups before a change of the user that then does not happen.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        try:
            os.setgroups([])
        except PermissionError:
            pass


if __name__ == "__main__":
    Fault.main()
