#!/usr/bin/env -S python3 -I -S
"""INHERIT-3: replaces what is not UTF-8 in an argument.

Rust's to_string_lossy, Node's arguments.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def arguments(self) -> list[bytes]:
        return [argument.decode("utf-8", "replace").encode() for argument in self.command]


if __name__ == "__main__":
    Fault.main()
