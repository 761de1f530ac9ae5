#!/usr/bin/env -S python3 -I -S
"""TTY-1: starts the command in a process group of its own, not in the foreground, and does not forward what
the terminal sends.

`setpgid` for the sake of `kill(-pid)`.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def before_exec(self) -> None:
        os.setpgid(0, 0)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return self.from_terminal(info)


if __name__ == "__main__":
    Fault.main()
