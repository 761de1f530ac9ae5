#!/usr/bin/env -S python3 -I -S
"""EXIT-2: exits with the negative signal number, so that SIGTERM gives 241 instead of 143.

`sys.exit(subprocess.run(...).returncode)`, in many Python wrappers.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def die_of(self, number: int) -> "NoReturn":
        self.exit(-number & 0xFF)


if __name__ == "__main__":
    Fault.main()
