"""Standard input, output and error of Proctor itself, where the caller has closed them or they cannot be written."""

from __future__ import annotations

import contextlib
import errno
import os
import sys

CLOSED = (
    "standard output is closed, so no result can be printed, and nothing was run; open it: >FILE, or >/dev/null where "
    "the exit status is enough"
)
_HARNESS_FAILED, _BROKEN_PIPE = 3, 128 + 13
_CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


def open_closed_ones() -> bool:
    """Open /dev/null for each of the three that is closed, and return whether standard output was one of them.

    Otherwise the next file or socket that is opened gets the number of the stream. Each program that is started would
    read from it, or print into it.
    """
    was_closed = sys.stdout is None
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            # open(2) gives the lowest number that is free, and those below are open by now
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  (stays open)
    return was_closed


def lost_output(error: OSError) -> int | None:
    """Return the exit status of a run whose output cannot be written; None if the error is about something else. Say so
    on stderr, unless only the reader has ended, as `head` does."""
    if isinstance(error, BrokenPipeError):
        status = _BROKEN_PIPE
    elif error.errno in _CANNOT_BE_WRITTEN and error.filename is None:
        status = _HARNESS_FAILED
        with contextlib.suppress(OSError):  # stderr may be on the same full disk
            sys.stderr.write(f"proctor: cannot write: {error.strerror}; is standard output on a full disk?\n")
            sys.stderr.flush()
    else:
        return None
    # Python would try to write the rest of the buffer at exit, and report the error a second time
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status
