#!/usr/bin/env -S python3 -I -S
"""SIG-4: forwards HUP, INT, QUIT, TERM, USR1, USR2, ALRM and CONT and swallows every other signal.

Launchers that forward a list.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def forward(self, number: int) -> None:
        if number in LIST:
            super().forward(number)


LIST = {
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGCONT,
}


if __name__ == "__main__":
    Fault.main()
