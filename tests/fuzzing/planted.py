"""Commands with a planted fault each, which the properties must find."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.fuzzing.sandbox import CANARY

OUTSIDE = "/tmp/proctor-fuzz-must-not-be-there"


def writes_outside() -> None:
    """Write a file, and hide the error."""
    with contextlib.suppress(OSError):
        Path(OUTSIDE).write_text("harm")


def writes_by_a_link() -> None:
    """Write through a symbolic link."""
    Path("link").symlink_to(OUTSIDE)
    os.close(os.open("link", os.O_WRONLY | os.O_CREAT))


def renames_outside() -> None:
    """Move a file of its own away."""
    Path("x").write_text("harm")
    Path("x").replace(OUTSIDE)


def removes_outside() -> None:
    """Remove what is not there, and hide the error."""
    with contextlib.suppress(OSError):
        os.remove(OUTSIDE)


def starts() -> None:
    """Start a process, and hide the error."""
    with contextlib.suppress(OSError):
        subprocess.run(["/no/such/program"], check=False)


def forks() -> None:
    """Fork."""
    if os.fork() == 0:
        os._exit(0)


def connects() -> None:
    """Connect to a server that there is not."""
    with contextlib.suppress(OSError), socket.socket() as one:
        one.connect(("127.0.0.1", 9))


def reads_the_canary() -> None:
    """Open a file that another file named."""
    with contextlib.suppress(OSError):
        Path("/tmp", CANARY).read_bytes()


def prints_an_escape_sequence() -> None:
    """Print text of a file as it is."""
    sys.stdout.write("\x1b[31m")


def leaves_a_file() -> None:
    """Write a file that nobody asked for, where it may."""
    Path(os.environ["TMPDIR"], "x").write_text("harm")


def changes_its_file() -> None:
    """Write the file that it reads."""
    Path("file.json").write_text("harm")


def raises() -> None:
    """End with a traceback."""
    raise ValueError("a fault")


def says_nothing() -> None:
    """Exit as for a usage error, without a message."""
    sys.exit(2)


def exits_with_3() -> None:
    """Exit as if Proctor had failed."""
    sys.exit(3)


def crashes() -> None:
    """End by a signal."""
    ctypes.string_at(0)


def fills_memory() -> None:
    """Take all memory."""
    _ = bytearray(1 << 40)


def spins() -> None:
    """Compute without an end."""
    while True:
        pass


FAULTS: dict[str, str] = {
    "writes_outside": "open", "writes_by_a_link": "os.symlink|open", "renames_outside": "os.rename",
    "removes_outside": "os.remove", "starts": "subprocess.Popen", "forks": "os.fork", "connects": "socket.connect",
    "reads_the_canary": "open", "prints_an_escape_sequence": r"it printed b'\\x1b'", "leaves_a_file": "it has left",
    "changes_its_file": r"changed \['file.json'\]", "raises": "ValueError: a fault", "says_nothing": "names none of",
    "exits_with_3": "exit status is 3", "crashes": "SIGSEGV", "fills_memory": "MemoryError", "spins": "SIGXCPU",
}  # fmt: skip
"""The faults, each with a pattern of what is to be said of it."""
OTHERS: dict[str, Callable[..., None]] = {name: globals()[name] for name in FAULTS}
