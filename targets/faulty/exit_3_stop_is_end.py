#!/usr/bin/env -S python3 -I -S
"""EXIT-3: takes a stop of the command for its end, and leaves it behind stopped.

waitpid with WUNTRACED, and no look at WIFSTOPPED.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def on_child_stop(self, number: int) -> None:
        self.on_child_end(number << 8)  # what WEXITSTATUS makes of the report of a stop


if __name__ == "__main__":
    Fault.main()
