"""The witness as a tool: a program of an environment, which runs in that environment's Python (3.8 or newer).

It is put into a wheel and installed by the launchers under test, so it imports nothing of ours. The work is done by
the witness itself, here a library in this process; Python adds what only it can tell, about its environment.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any

PERFORMER = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int64), ctypes.c_void_p, ctypes.c_size_t
)
HERE = os.path.dirname(os.path.abspath(__file__))


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


def carry_out(words: list[str], at_start: dict[str, int]) -> tuple[int, int, str]:
    """Do what is asked; return an errno, a count and a text.

    import NAME: import it now, afresh; it has a docstring, unless its file was cut short. whole: how many files of the
    environment are missing or changed since the start, and one of them. where: the environment's directory. link PATH:
    make a link to it there.
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
        wrong = sorted(path for path, size in at_start.items() if now.get(path) != size)
        return 0, len(wrong), wrong[0] if wrong else ""
    # where no virtual environment is, sys.prefix is the system's: nothing of the launcher's
    where = sys.prefix if sys.prefix != sys.base_prefix else os.path.dirname(HERE)
    if words[0] == "link":
        try:
            os.symlink(os.path.abspath(words[1]), os.path.join(where, "proctor-link"))
        except OSError as error:
            return error.errno or errno.EIO, 0, str(error)
    return 0, 0, where


def inventory() -> dict[str, int]:
    """Return the files of the environment, with their sizes in bytes; links count as what they are."""
    roots = {sys.prefix} if sys.prefix != sys.base_prefix else set()
    base = os.path.join(sys.base_prefix, "")
    for path in sys.path:
        if os.path.basename(path) == "site-packages" and not path.startswith(base):
            roots.add(path)
    roots.add(HERE)
    return dict(entry for root in roots for entry in files_below(root))


def files_below(root: str) -> Iterator[tuple[str, int]]:
    """Yield each file below a directory, but for compiled ones, which Python itself may write at any time."""
    for directory, names, files in os.walk(root):
        if "__pycache__" in names:
            names.remove("__pycache__")
        for name in files:
            path = os.path.join(directory, name)
            try:
                yield path, os.lstat(path).st_size
            except FileNotFoundError:
                pass
