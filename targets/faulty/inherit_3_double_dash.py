#!/usr/bin/env -S python3 -I -S
"""INHERIT-3: drops the first `--` of the command's own arguments.

npm run, pnpm: `--` ends the launcher's options, wherever it stands.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def arguments(self) -> list[bytes]:
        arguments = list(self.command)
        if b"--" in arguments:
            arguments.remove(b"--")
        return arguments


if __name__ == "__main__":
    Fault.main()
