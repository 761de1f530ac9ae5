#!/usr/bin/env -S python3 -I -S
"""TTY-5: forwards the terminal's SIGWINCH, which the command got already.

uv run 0.13.8.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import wait_until_taken
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_signo == signal.SIGWINCH and info.si_code == FROM_KERNEL:
            wait_until_taken(self.child, signal.SIGWINCH)
            return False
        return super().reached_command(info)


if __name__ == "__main__":
    Fault.main()
