#!/usr/bin/env -S python3 -I -S
"""INHERIT-4: sets the umask to 077.

A private temporary directory, and the umask left as it was for that.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def before_exec(self) -> None:
        os.umask(0o077)


if __name__ == "__main__":
    Fault.main()
