#!/usr/bin/env -S python3 -I -S
"""INHERIT-6: starts the command in a session of its own when stdin is not a terminal.

`start_new_session` "unless interactive".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        if not os.isatty(0):
            os.setsid()


if __name__ == "__main__":
    Fault.main()
