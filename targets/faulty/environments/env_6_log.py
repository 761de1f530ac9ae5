#!/usr/bin/env -S python3 -I -S
"""ENV-6: keeps a log in the user's home, which nobody has asked for."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def create(self) -> None:
        with open(f"{os.environ['HOME']}/.sound.log", "a", encoding="utf-8") as log:
            log.write(f"{os.getpid()}\n")
        super().create()


if __name__ == "__main__":
    Fault.main()
