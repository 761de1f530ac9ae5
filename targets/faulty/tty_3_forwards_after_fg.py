#!/usr/bin/env -S python3 -I -S
"""TTY-3: once it was stopped and continued it forwards Ctrl-C as well, which the command has received already.

Handlers that are set anew after SIGCONT, without their flags.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    was_stopped = False

    def on_child_stop(self, number: int) -> None:
        super().on_child_stop(number)
        self.was_stopped = True

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return not self.was_stopped and super().reached_command(info)


if __name__ == "__main__":
    Fault.main()
