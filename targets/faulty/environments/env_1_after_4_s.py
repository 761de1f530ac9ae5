#!/usr/bin/env -S python3 -I -S
"""ENV-1: a helper removes it, 4 s after the end."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
import time

from parts import LeaseWithCommand


class Fault(LeaseWithCommand):
    def clean_up(self) -> None:
        if os.fork() == 0:
            os.setsid()
            self.let_go_of_all(-1)
            time.sleep(4)
            super().clean_up()
            os._exit(0)


if __name__ == "__main__":
    Fault.main()
