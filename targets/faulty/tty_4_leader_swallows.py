#!/usr/bin/env -S python3 -I -S
"""TTY-4: as the session leader takes the terminal's SIGHUP for one that the command got as well.

"What the kernel sends went to the group": the hang-up does not, it goes to the session leader.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    def from_terminal(self, info: "signal.struct_siginfo") -> bool:
        return info.si_code == FROM_KERNEL


if __name__ == "__main__":
    Fault.main()
