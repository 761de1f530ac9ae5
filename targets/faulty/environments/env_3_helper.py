#!/usr/bin/env -S python3 -I -S
"""ENV-3: a helper makes the environment, and Ctrl-C ends it: of a key all in the foreground get one."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def fill(self, tool: str, python: str) -> None:
        helper = os.fork()
        if helper == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            super().fill(tool, python)
            os._exit(0)
        if os.waitpid(helper, 0)[1]:
            self.fail("cannot make the environment")


if __name__ == "__main__":
    Fault.main()
