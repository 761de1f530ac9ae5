#!/usr/bin/env -S python3 -I -S
"""TTY-8: relays stdout, and drops what goes beyond 200 KiB.

maxBuffer of Node's child_process.exec.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import RelayedOutput


class Fault(RelayedOutput):
    left = 200 * 1024

    def change(self, data: bytes) -> bytes:
        data = data[: self.left]
        self.left -= len(data)
        return data


if __name__ == "__main__":
    Fault.main()
