#!/usr/bin/env -S python3 -I -S
"""TREE-1: leaves a helper process in its process group.

Log shippers and watchers that only end with the machine.
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import detach_descriptors
from sound import Launcher, signal


class Fault(Launcher):
    def after_fork(self) -> None:
        if os.fork() == 0:
            detach_descriptors()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            time.sleep(30)
            os._exit(0)


if __name__ == "__main__":
    Fault.main()
