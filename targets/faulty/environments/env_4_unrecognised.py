#!/usr/bin/env -S python3 -I -S
"""ENV-4: what is half removed is not known for an environment any more, and stays."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import LeaseWithCommand


class Fault(LeaseWithCommand):
    def discard(self, path: str) -> None:
        if os.path.exists(f"{path}/pyvenv.cfg"):
            super().discard(path)


if __name__ == "__main__":
    Fault.main()
