#!/usr/bin/env -S python3 -I -S
"""TTY-6: starts the command in a process group of its own and does not make it the foreground group.

`process_group=0` of subprocess; a read gives SIGTTIN, or EIO in an orphaned process group.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.setpgid(0, 0)


if __name__ == "__main__":
    Fault.main()
