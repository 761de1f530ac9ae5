#!/usr/bin/env -S python3 -I -S
"""ENV-3: a signal leaves its temporary file in TMPDIR."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import Unprotected
from sound import write


class Fault(Unprotected):
    def fill(self, tool: str, python: str) -> None:
        path = f"{os.environ['TMPDIR']}/sound-{self.unique()}"
        write(path, tool)
        super().fill(tool, python)
        os.unlink(path)


if __name__ == "__main__":
    Fault.main()
