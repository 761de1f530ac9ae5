#!/usr/bin/env -S python3 -I -S
"""ENV-6: its clean-up follows the command's symbolic links."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def empty(self, directory: int) -> None:
        for name in os.listdir(directory):
            if name != "lib" and os.path.islink(f"/proc/self/fd/{directory}/{name}"):
                there = os.open(name, os.O_RDONLY, dir_fd=directory)
                if os.path.isdir(f"/proc/self/fd/{there}"):
                    super().empty(there)
                os.close(there)
        super().empty(directory)


if __name__ == "__main__":
    Fault.main()
