"""Gives the command a pseudo-terminal of its own, as script(1) does, and passes on what it writes a moment later."""

from __future__ import annotations

import os
import pty
import sys
import time
import tty

tty.setraw(0)
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
try:
    while data := os.read(master, 4096):
        # The delay is what this launcher is for: its last bytes come after the command has answered. No test waits for
        # it. On a busy machine it is longer, and what is tested is the same.
        time.sleep(0.001)
        os.write(1, data)
except OSError:  # EIO: the command has ended
    pass
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
