#!/usr/bin/env -S python3 -I -S
"""INHERIT-5: keeps PATH, HOME, TERM, LANG, USER, LOGNAME and SHELL and drops every other variable.

env_reset of sudo, `su -`.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    kept = (b"PATH", b"HOME", b"TERM", b"LANG", b"USER", b"LOGNAME", b"SHELL")

    def environment(self) -> dict[bytes, bytes]:
        return {key: value for key, value in super().environment().items() if key in self.kept}


if __name__ == "__main__":
    Fault.main()
