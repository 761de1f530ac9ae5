"""A pseudo-terminal as the launcher's descriptors 0, 1 and 2."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
import time

from proctor.harness.errors import HarnessError
from proctor.harness.runner.observe.descriptors import GivenTerminal
from proctor.harness.runner.observe.streams import LAST_OUTPUT_WITHIN, Streams
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources

KEY_WITHIN = 1.0
"""Seconds in which a key has its effect; it takes the kernel some microseconds."""


class Terminal(Streams):
    """A pseudo-terminal. We hold both ends, so its modes can be read after all other processes have ended."""

    def __init__(self, sources: Sources, recorder: Recorder, rows: int, columns: int) -> None:
        super().__init__(sources, recorder)
        try:
            self.master, self.slave = os.openpty()
        except OSError as error:
            raise HarnessError(
                f"cannot open a pseudo-terminal: {error}. This says nothing about the launcher. Check that /dev/ptmx "
                "and /dev/pts are there (in a container: mount devpts), or run the cases that need none: -k 'not TTY'"
            ) from error
        self._other_end = select.poll()
        self._other_end.register(self.slave, select.POLLIN)
        self._discards = False
        self.resize(rows, columns)
        self.read_from(self.master, "terminal")
        self._input = self.master

    def launcher_end(self) -> tuple[int, int, int]:
        """Return the descriptors that become the launcher's 0, 1 and 2."""
        return self.slave, self.slave, self.slave

    def given(self) -> GivenTerminal:
        """Return where the launcher's end is, and after how long a read of it returns; termios(3), VTIME."""
        found = os.fstat(self.slave)
        timeout = float("inf")
        with contextlib.suppress(OSError, termios.error):
            modes = termios.tcgetattr(self.slave)
            if not modes[3] & termios.ICANON and modes[6][termios.VTIME]:
                timeout = int(modes[6][termios.VTIME]) / 10
        return GivenTerminal((found.st_dev, found.st_ino), found.st_rdev, timeout)

    def forget_launcher_end(self) -> None:
        """Nothing: we keep the slave open."""

    def write(self, data: bytes) -> None:
        """Queue input; note whether its last byte is a key that discards what was typed before it."""
        super().write(data)
        self._discards = not self._unwritten and self._sends_signal(data[-1:])

    def _sends_signal(self, key: bytes) -> bool:
        """Whether the terminal sends a signal for this key, and discards its input then; termios(3), ISIG, NOFLSH."""
        with contextlib.suppress(OSError, termios.error):  # a terminal that is gone sends none
            modes = termios.tcgetattr(self.slave)
            local, characters = modes[3], modes[6]
            keys = [characters[n] for n in (termios.VINTR, termios.VQUIT, termios.VSUSP)]
            return bool(local & termios.ISIG) and not local & termios.NOFLSH and key in keys
        return False

    def flush_input(self) -> None:
        """Make sure that what was typed has had its effect. A key's signal is sent from a kernel work queue, some
        microseconds after write(2) returned; polling the slave completes that work (n_tty's poll method), but only
        where nothing waits to be read. Otherwise that the key has discarded what did shows that it was sent."""
        deadline = time.monotonic() + KEY_WITHIN
        while self._other_end.poll(0) and self._discards and time.monotonic() < deadline:
            pass
        self._discards = False

    def resize(self, rows: int, columns: int) -> None:
        """Set the window size; the kernel sends SIGWINCH where it changes."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Close our end."""
        self.drain(time.monotonic() + LAST_OUTPUT_WITHIN)
        self.drop(self.master)
        os.close(self.master)
        self.master = self._input = -1

    def foreground(self) -> int:
        """Return the foreground process group, 0 where there is none."""
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(self.master)
        return 0

    def modes(self) -> tuple[int, ...]:
        """Return the four mode words: input, output, control, local."""
        with contextlib.suppress(OSError, termios.error):
            return tuple(int(word) for word in termios.tcgetattr(self.slave)[:4])
        return ()

    def characters(self) -> str:
        """Return the special characters (c_cc) in hex."""
        with contextlib.suppress(OSError, termios.error):
            words = termios.tcgetattr(self.slave)[6]
            # VMIN and VTIME come as numbers in non-canonical mode
            return b"".join(w if isinstance(w, bytes) else bytes([w]) for w in words).hex()
        return ""

    def flags(self) -> int:
        """Return the file status flags of the launcher's descriptors, which are copies of ours: of one open file
        description, which dup(2) and fork(2) share. A hang-up does not close it, so this cannot fail."""
        return fcntl.fcntl(self.slave, fcntl.F_GETFL)

    def size(self) -> tuple[int, int]:
        """Return rows and columns."""
        with contextlib.suppress(OSError):
            rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(self.slave, termios.TIOCGWINSZ, b"\0" * 8))
            return int(rows), int(columns)
        return 0, 0

    def close(self) -> None:
        """Close both ends."""
        if self.master >= 0:
            self.drop(self.master)
            os.close(self.master)
        os.close(self.slave)
