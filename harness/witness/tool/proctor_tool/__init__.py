"""The witness as a tool: a program of an environment, which runs in that environment's Python (3.8 or newer).

It is put into a wheel and installed by the launchers under test, so it imports nothing of ours. The work is done by
the witness itself, here a library in this process; Python adds what only it can tell, about its environment.
"""

from __future__ import annotations

import binascii
import ctypes
import errno
import importlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import Any, Dict, Union

PERFORMER = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int64), ctypes.c_void_p, ctypes.c_size_t
)
HERE = os.path.dirname(os.path.abspath(__file__))
PACKED = os.path.join(HERE, "contents")
"""What was in the wheel: see harness/runner/start/wheel.py."""
Inventory = Dict[str, Union[int, str]]
"""Files by path: the checksum of what is in them, or where a link leads to."""


def main() -> None:
    """Serve the harness on the socket that the first argument names, until it is told to end."""
    sys.dont_write_bytecode = True  # what appears in the environment is to be the launcher's doing
    at_start = inventory()

    def perform(order: bytes, count: Any, text: int, size: int) -> int:
        try:
            number, amount, said = carry_out(order.decode().split(), at_start)
        except Exception as error:  # noqa: BLE001  whatever it is: what ctypes ignores would be taken for success
            number, amount, said = errno.EINVAL, 0, repr(error)
        count[0] = amount
        data = said.encode("utf-8", "backslashreplace")[: size - 1] + b"\0"
        ctypes.memmove(text, data, len(data))
        return number

    words = [os.fsencode(word) for word in sys.argv]
    library = ctypes.CDLL(os.path.join(HERE, "witness.so"))
    library.serve_in_python(len(words), (ctypes.c_char_p * (len(words) + 1))(*words, None), PERFORMER(perform))


def carry_out(words: list[str], at_start: Inventory) -> tuple[int, int, str]:
    """Do what is asked; return an errno, a count and a text.

    import NAME: import it now, afresh; it has a docstring, unless its file was cut short. whole: how many files of the
    environment are missing or changed since the start, or are of the tool and not what was in its wheel, and one of
    them. where: the environment's directory. link PATH: make a link to it there.
    """
    if words[0] == "import":
        sys.modules.pop(words[1], None)
        try:
            module = importlib.import_module(words[1])
        except Exception as error:  # noqa: BLE001  a file that is half there is a SyntaxError, or worse
            return errno.ENOENT, 0, str(error) or repr(error)
        return (0, 0, "") if module.__doc__ else (errno.ENODATA, 0, f"{module.__file__} is empty")
    if words[0] == "whole":
        now = inventory()
        wrong = sorted({path for path, what in at_start.items() if now.get(path) != what} | set(spoilt()))
        return 0, len(wrong), wrong[0] if wrong else ""
    # where no virtual environment is, sys.prefix is the system's: nothing of the launcher's
    where = sys.prefix if sys.prefix != sys.base_prefix else os.path.dirname(HERE)
    if words[0] == "link":
        try:
            os.symlink(os.path.abspath(words[1]), os.path.join(where, "proctor-link"))
        except OSError as error:
            return error.errno or errno.EIO, 0, str(error)
    return 0, 0, where


def inventory() -> Inventory:
    """Return the files of the environment. Of what else is on sys.path, as an environment below this one, only the
    sizes are noted, for there may be much of it; likewise of a launcher's notes at the top (who has used it, and when),
    which it may write anew as it likes."""
    venv = sys.prefix if sys.prefix != sys.base_prefix else HERE
    base = os.path.join(sys.base_prefix, "")
    others = {path for path in sys.path if os.path.basename(path) == "site-packages" and not path.startswith(base)}
    own = {venv, HERE} | ({os.path.dirname(HERE)} & others)
    found: Inventory = {path: status.st_size for root in others - own for path, status in files_below(root)}
    for path, status in (entry for root in own for entry in files_below(root)):
        directory, name = os.path.split(path)
        is_note = directory == sys.prefix and name != "pyvenv.cfg"
        found[path] = status.st_size if is_note else content(path, status)
    return found


def files_below(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield each file below a directory, but for compiled ones, which Python itself may write at any time."""
    for directory, names, files in os.walk(root):
        if "__pycache__" in names:
            names.remove("__pycache__")
        for name in files:
            path = os.path.join(directory, name)
            try:
                yield path, os.lstat(path)
            except FileNotFoundError:
                pass


def content(path: str, status: os.stat_result) -> int | str:
    """Say what is in a file: a size says nothing of one that was made as long as it will be, and has still to be
    written. Links count as what they are; of pipes, and of what we may not read, only the size is known."""
    try:
        if stat.S_ISLNK(status.st_mode):
            return os.readlink(path)
        return checksum(path) if stat.S_ISREG(status.st_mode) else status.st_size
    except OSError:
        return -status.st_size


def checksum(path: str) -> int:
    """Return the CRC-32 of a file: by hashlib this would take ten times as long, most of it to import that."""
    crc = 0
    with open(path, "rb", buffering=0) as file:
        while True:
            data = file.read(1 << 18)
            if not data:
                return crc
            crc = binascii.crc32(data, crc)


def spoilt() -> list[str]:
    """Return the files of the tool that are not what was in its wheel: they may have been wrong from the start."""
    try:
        with open(PACKED, encoding="ascii") as file:
            *lines, last = file.read().splitlines(keepends=True)
        if last != f"{binascii.crc32(''.join(lines).encode())} contents\n":
            return [PACKED]
        rows = [line.rstrip("\n").partition(" ") for line in lines]
    except (OSError, ValueError):
        return [PACKED]
    return [
        path for crc, _, name in rows for path in [os.path.join(os.path.dirname(HERE), name)] if not holds(path, crc)
    ]


def holds(path: str, crc: str) -> bool:
    """Whether a file is there and has this checksum."""
    try:
        return str(checksum(path)) == crc
    except OSError:
        return False
