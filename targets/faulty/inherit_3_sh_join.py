#!/usr/bin/env -S python3 -I -S
"""INHERIT-3: joins the arguments by blanks and gives them to sh -c.

`spawn(..., {shell: true})`.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def arguments(self) -> list[bytes]:
        return [b"/bin/sh", b"-c", b"exec " + b" ".join(self.command)]


if __name__ == "__main__":
    Fault.main()
