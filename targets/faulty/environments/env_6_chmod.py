#!/usr/bin/env -S python3 -I -S
"""ENV-6: makes all writable before it removes it, through links as well."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def empty(self, directory: int) -> None:
        for name in os.listdir(directory):
            path = f"/proc/self/fd/{directory}/{name}"
            if os.path.isdir(path):
                os.chmod(path, 0o700)
        super().empty(directory)


if __name__ == "__main__":
    Fault.main()
