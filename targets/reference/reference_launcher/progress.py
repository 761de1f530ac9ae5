"""A line on the terminal that says what takes long, and that is erased before the command starts.

It is written only if standard error is a terminal whose foreground process group is the launcher's: a background job
writes nothing, with or without TOSTOP. The terminal modes do not change.
"""

import os
import select
import time

SPINNER = "|/-\\"
ERASE_LINE = b"\r\x1b[K"
DELAY = 0.3  # seconds: what takes less time needs no explanation
PERIOD = 100  # milliseconds
MAX_LENGTH = 60


class ProgressLine:
    """The line. `text` is what is being done."""

    def __init__(self) -> None:
        self.enabled = os.isatty(2) and os.environ.get("TERM") != "dumb"
        self.start = time.monotonic()
        self.text = ""
        self.visible = False
        self.frame = 0

    def period(self) -> float | None:
        """Return how often to call `show`, in milliseconds; None for never."""
        return PERIOD if self.enabled else None

    def show(self) -> None:
        if not self.enabled or not self.text or time.monotonic() - self.start < DELAY:
            return
        self.frame += 1
        text = "".join(letter if letter.isprintable() else "?" for letter in self.text[:MAX_LENGTH])
        self.visible |= self.write(ERASE_LINE + f"{SPINNER[self.frame % 4]} {text}".encode("utf-8", "replace"))

    def erase(self) -> None:
        if self.visible:
            self.visible = not self.write(ERASE_LINE)

    def write(self, data: bytes) -> bool:
        """Write to the terminal; return whether that was possible at once."""
        try:
            if os.tcgetpgrp(2) != os.getpgrp():
                return False
            # After Ctrl-S, write(2) would block, and with all signals blocked Ctrl-C would have no effect.
            poll = select.poll()
            poll.register(2, select.POLLOUT)
            if not poll.poll(0):
                return False
            os.write(2, data)
        except OSError:  # the terminal has hung up; a signal reports that
            return False
        return True
