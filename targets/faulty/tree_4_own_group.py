#!/usr/bin/env -S python3 -I -S
"""TREE-4: gives the command a group of its own, and takes a signal to the launcher's group for one that the
command got.

uv#12830: `stopasgroup` and `killasgroup` of supervisord.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import OwnGroup
from sound import signal


class Fault(OwnGroup):
    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return info.si_signo in self.sent_to_group


if __name__ == "__main__":
    Fault.main()
