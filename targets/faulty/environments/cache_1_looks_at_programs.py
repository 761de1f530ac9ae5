#!/usr/bin/env -S python3 -I -S
"""CACHE-1: prune looks whether some process executes a program of that part.

A Python that is a symbolic link is another program.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def retire(self, path: str) -> None:
        for name in os.listdir("/proc"):
            try:
                if name.isdecimal() and os.readlink(f"/proc/{name}/exe").startswith(f"{path}/"):
                    return
            except OSError:
                pass
        directory = os.open(path, os.O_RDONLY)
        gone = f"{self.tools}/.gone-{self.unique()}"
        os.rename(path, gone)
        self.remove(gone, directory)


if __name__ == "__main__":
    Fault.main()
