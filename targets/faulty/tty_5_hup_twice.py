#!/usr/bin/env -S python3 -I -S
"""TTY-5: sends SIGHUP twice when the terminal hangs up.

One for the signal, one for the end of file on stdin.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import wait_until_taken
from sound import FROM_KERNEL, Launcher, signal


class Fault(Launcher):
    def on_signal(self, info: "signal.struct_siginfo") -> None:
        super().on_signal(info)
        if info.si_signo == signal.SIGHUP and info.si_code == FROM_KERNEL and self.child:
            wait_until_taken(self.child, signal.SIGHUP)
            self.forward(signal.SIGHUP)


if __name__ == "__main__":
    Fault.main()
