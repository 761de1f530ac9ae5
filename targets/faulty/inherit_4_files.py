#!/usr/bin/env -S python3 -I -S
"""INHERIT-4: sets the soft limit of open files to 512.

Go and uv raise it for themselves; the command inherits the change.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))


if __name__ == "__main__":
    Fault.main()
