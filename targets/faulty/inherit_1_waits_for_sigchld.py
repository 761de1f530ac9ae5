#!/usr/bin/env -S python3 -I -S
"""INHERIT-1: started with SIGCHLD ignored it waits for ever: no SIGCHLD comes, and the kernel reaps the command.

tini 0.19.0, catatonit; sudo-project/sudo#98.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def prepare(self) -> None:
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        self.inherited_sigchld = signal.getsignal(signal.SIGCHLD)


if __name__ == "__main__":
    Fault.main()
