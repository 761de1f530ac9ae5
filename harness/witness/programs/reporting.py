"""What an adaptor reports to the harness, by the witness as a library of this process: harness/witness/in_program.h."""

from __future__ import annotations

import ctypes
import os

_BINARIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "bin")
_library = ctypes.CDLL(os.path.join(_BINARIES, "witness.so"))


def greet(words: list[str]) -> None:
    """Connect to the harness, and report what this process was started with. words: its name, the socket, its
    arguments."""
    argv = [os.fsencode(word) for word in words]
    _library.greet(len(argv), (ctypes.c_char_p * (len(argv) + 1))(*argv, None))


def reached(milestone: str) -> None:
    """Report that the program has come to a point of its own: a name of lower case letters and "-". A process that the
    program has forked may report, too."""
    _library.report_milestone(milestone.encode("ascii"))


def watch(*signals: int) -> None:
    """Report each delivery of these signals from now on. The program acts on them as before. To be called when it has
    set its handlers, and again when it has set others; raises OSError for a number that is no signal."""
    for number in signals:
        if error := _library.watch_signal(int(number)):
            raise OSError(error, f"signal {number}: {os.strerror(error)}")
