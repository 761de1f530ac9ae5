"""One line on the terminal that says what takes so long, and is gone before the command starts.

Nothing is written unless standard error is a terminal whose foreground process group is ours: a job in the
background keeps quiet, with TOSTOP or without. No mode of the terminal is changed.
"""

import os
import select
import time

SPINNER = "|/-\\"
ERASE = b"\r\x1b[K"
QUIET_FOR = 0.3  # seconds: what is ready sooner needs no explanation
LONGEST = 60


class Progress:
    def __init__(self) -> None:
        self.is_wanted = os.isatty(2) and os.environ.get("TERM") != "dumb"
        self.start = time.monotonic()
        self.doing = ""
        self.is_shown = False
        self.turn = 0

    def period(self) -> float | None:
        """How often to call `show`, in milliseconds; None for never."""
        return 100 if self.is_wanted else None

    def show(self) -> None:
        if not self.is_wanted or not self.doing or time.monotonic() - self.start < QUIET_FOR:
            return
        self.turn += 1
        text = "".join(letter if letter.isprintable() else "?" for letter in self.doing[:LONGEST])
        self.is_shown |= self.write(ERASE + f"{SPINNER[self.turn % 4]} {text}".encode("utf-8", "replace"))

    def erase(self) -> None:
        if self.is_shown:
            self.is_shown = not self.write(ERASE)

    def write(self, text: bytes) -> bool:
        try:
            if os.tcgetpgrp(2) != os.getpgrp():
                return False
            # Stopped by Ctrl-S it would hold us in write(2), where a Ctrl-C is not seen: all signals are blocked.
            poll = select.poll()
            poll.register(2, select.POLLOUT)
            if not poll.poll(0):
                return False
            os.write(2, text)
        except OSError:  # the terminal has hung up; that is told by a signal
            return False
        return True
