#!/usr/bin/env -S python3 -I -S
"""INHERIT-5: sets LC_CTYPE to C.UTF-8.

Every CPython launcher, in the C locale, by PEP 538; here in every locale.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def environment(self) -> dict[bytes, bytes]:
        return super().environment() | {b"LC_CTYPE": b"C.UTF-8"}


if __name__ == "__main__":
    Fault.main()
