#!/usr/bin/env -S python3 -I -S
"""CACHE-1: a run looks whether the tool is there, and takes the lease only when the environment is made."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from leases import LOCK_SH
from sound import Launcher


class Fault(Launcher):
    def tool(self, python: str, library: str) -> tuple[str, int]:
        path, lease = super().tool(python, library)
        os.close(lease)
        return path, -1

    def fill(self, tool: str, python: str) -> None:
        super().fill(tool, python)
        self.tool_lease = self.take(tool, LOCK_SH)


if __name__ == "__main__":
    Fault.main()
