#!/usr/bin/env -S python3 -I -S
"""EXIT-7: ends by the signal it was sent last, although the command handled it and exited with a code of
its own.

Supervisors that set their status in the signal handler.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    fatal = 0

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.fatal = info.si_signo
        super().on_signal(info)

    def finish(self, status: int) -> "NoReturn":
        super().finish(self.fatal or status)


if __name__ == "__main__":
    Fault.main()
