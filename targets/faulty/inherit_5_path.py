#!/usr/bin/env -S python3 -I -S
"""INHERIT-5: puts a directory of its own in front of PATH.

npx, uv run and poetry run do so, and declare it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def environment(self) -> dict[bytes, bytes]:
        environment = super().environment()
        environment[b"PATH"] = b"/opt/sound/bin:" + environment.get(b"PATH", b"/usr/bin:/bin")
        return environment


if __name__ == "__main__":
    Fault.main()
