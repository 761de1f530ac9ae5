#!/usr/bin/env -S python3 -I -S
"""EXIT-7: ends by a signal that it finds when the command has already ended, as there is nobody to forward
it to.

Handlers that fall back to the default action without a child. Seen without a race: SIGSTOP to the launcher,
the command exits 3, SIGTERM, SIGCONT.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal


class Fault(Launcher):
    def on_signal(self, info: "signal.struct_siginfo") -> None:
        self.on_children()
        if self.status is not None and info.si_signo in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.finish(info.si_signo)
        super().on_signal(info)


if __name__ == "__main__":
    Fault.main()
