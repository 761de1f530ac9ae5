#!/usr/bin/env -S python3 -I -S
"""INHERIT-4: starts the command in /.

Launchers that go to the project's root.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.chdir("/")


if __name__ == "__main__":
    Fault.main()
