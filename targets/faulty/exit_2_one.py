#!/usr/bin/env -S python3 -I -S
"""EXIT-2: exits 1 when the command dies of a signal.

cross-env 5.1.5 and later.
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
        self.exit(1)


if __name__ == "__main__":
    Fault.main()
