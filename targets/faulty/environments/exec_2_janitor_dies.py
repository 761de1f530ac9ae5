#!/usr/bin/env -S python3 -I -S
"""EXEC-2: its janitor is ended by the signals that are for the command."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def leave(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])


if __name__ == "__main__":
    Fault.main()
