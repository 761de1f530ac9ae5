#!/usr/bin/env -S python3 -I -S
"""TTY-3: starts the command in a session of its own, and forwards.

dumb-init's default, `start_new_session=True`.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.setsid()


if __name__ == "__main__":
    Fault.main()
