#!/usr/bin/env -S python3 -I -S
"""TTY-8: relays stdout as UTF-8 text, and replaces what is none.

Relays that read lines of text.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import RelayedOutput


class Fault(RelayedOutput):
    def change(self, data: bytes) -> bytes:
        return data.decode("utf-8", "replace").encode()


if __name__ == "__main__":
    Fault.main()
