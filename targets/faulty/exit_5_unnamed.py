#!/usr/bin/env -S python3 -I -S
"""EXIT-5: says that the command failed, but not which program died, nor of which signal.

uv#16726: "failed to query the interpreter".
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def report_death(self, number: int) -> None:
        self.say("the process failed")


if __name__ == "__main__":
    Fault.main()
