#!/usr/bin/env -S python3 -I -S
"""EXIT-7: ends by the signal that it was sent although the command handled it and exited with 0.

A service that stops cleanly on SIGTERM is recorded as killed. Launchers that look at the code only when it is not 0.
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
    def finish(self, status: int) -> "NoReturn":
        sent = self.seen & {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
        super().finish(max(sent) if status == 0 and sent else status)


if __name__ == "__main__":
    Fault.main()
