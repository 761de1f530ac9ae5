#!/usr/bin/env -S python3 -I -S
"""INHERIT-5: replaces what is not UTF-8 in a variable.

Rust's to_string_lossy, Node's process.env.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def environment(self) -> dict[bytes, bytes]:
        entries = super().environment().items()
        return {key: value.decode("utf-8", "replace").encode() for key, value in entries}


if __name__ == "__main__":
    Fault.main()
