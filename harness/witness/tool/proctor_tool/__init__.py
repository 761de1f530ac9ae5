"""The witness as a tool of a Python environment. It runs in the Python of that environment (3.8 or newer).

Launchers under test install it from a wheel, so it imports nothing of Proctor. The witness itself is a library in this
process. Python adds the orders about the environment.
"""

from __future__ import annotations

import binascii
import ctypes
import errno
import importlib
import importlib.util
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
"""The contents of the wheel; see harness/runner/start/wheel.py."""
Inventory = Dict[str, Union[int, str]]
"""Files by path: the checksum of the contents, or the destination of a link."""


def main() -> None:
    """Serve the harness on the socket in the first argument until it is ordered to end."""
    sys.dont_write_bytecode = True  # only the launcher may change the environment
    at_start = inventory()

    def perform(order: bytes, count: Any, text: int, size: int) -> int:
        try:
            number, amount, said = carry_out(order.decode().split(), at_start)
        except Exception as error:  # noqa: BLE001  ctypes would ignore an exception, and report success
            number, amount, said = errno.EINVAL, 0, repr(error)
        count[0] = amount
        data = said.encode("utf-8", "backslashreplace")[: size - 1] + b"\0"
        ctypes.memmove(text, data, len(data))
        return number

    words = [os.fsencode(word) for word in sys.argv]
    library = ctypes.CDLL(os.path.join(HERE, "witness.so"))
    library.serve_in_python(len(words), (ctypes.c_char_p * (len(words) + 1))(*words, None), PERFORMER(perform))


def carry_out(words: list[str], at_start: Inventory) -> tuple[int, int, str]:
    """Carry out an order; return an errno, a count and a text.

    import NAME: import the module again; it has a docstring, unless its file was truncated. whole: return how many
    files of the environment are missing or changed since the start, or are files of the tool that differ from its wheel
    and that no archive has; and the name of one. where: return the directory of the environment. link PATH: make a link
    to PATH there.
    """
    if words[0] == "import":
        sys.modules.pop(words[1], None)
        try:
            module = importlib.import_module(words[1])
        except Exception as error:  # noqa: BLE001  a truncated file can raise a SyntaxError or any other exception
            return errno.ENOENT, 0, str(error) or repr(error)
        return (0, 0, "") if module.__doc__ else (errno.ENODATA, 0, f"{module.__file__} is empty")
    if words[0] == "whole":
        now = inventory()
        wrong = sorted({path for path, what in at_start.items() if now.get(path) != what} | set(damaged_files()))
        return 0, len(wrong), wrong[0] if wrong else ""
    # without a virtual environment, sys.prefix belongs to the system, not to the launcher
    where = sys.prefix if sys.prefix != sys.base_prefix else os.path.dirname(HERE)
    if words[0] == "link":
        try:
            os.symlink(os.path.abspath(words[1]), os.path.join(where, "proctor-link"))
        except OSError as error:
            return error.errno or errno.EIO, 0, str(error)
    return 0, 0, where


def inventory() -> Inventory:
    """Return the files of the environment. For other directories on sys.path, such as a parent environment, only the
    sizes are recorded, because there can be many files. The same is done for a launcher's own notes at the top (who
    used the environment, and when), which it may rewrite at any time. Archives from which modules are imported belong
    to it: a zipapp, or the program that PyInstaller makes, with the directory that it unpacks."""
    venv = sys.prefix if sys.prefix != sys.base_prefix else HERE
    base = os.path.join(sys.base_prefix, "")
    others = {path for path in sys.path if os.path.basename(path) == "site-packages" and not path.startswith(base)}
    own = {venv, HERE, getattr(sys, "_MEIPASS", HERE)} | ({os.path.dirname(HERE)} & others)
    found: Inventory = {path: status.st_size for root in others - own for path, status in files_below(root)}
    for path, status in (entry for root in own for entry in files_below(root)):
        directory, name = os.path.split(path)
        is_note = directory == sys.prefix and name != "pyvenv.cfg"
        found[path] = status.st_size if is_note else content(path, status)
    archives = {path for path in sys.path if os.path.isfile(path) and not path.startswith(base)}
    for path in archives | ({sys.executable} if hasattr(sys, "frozen") else set()):
        try:
            found[path] = content(path, os.stat(path))
        except FileNotFoundError:
            pass
    return found


def files_below(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files below a directory, except __pycache__, which Python may write at any time."""
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
    """Return a value for the contents of a file: a checksum, because a file may have its final size before it is
    written; for a link its destination; for other files, and without permission to read, the size."""
    try:
        if stat.S_ISLNK(status.st_mode):
            return os.readlink(path)
        return checksum(path) if stat.S_ISREG(status.st_mode) else status.st_size
    except OSError:
        return -status.st_size


def checksum(path: str) -> int:
    """Return the CRC-32 of a file. hashlib would take ten times as long, mostly for its import."""
    crc = 0
    with open(path, "rb", buffering=0) as file:
        while True:
            data = file.read(1 << 18)
            if not data:
                return crc
            crc = binascii.crc32(data, crc)


def damaged_files() -> list[str]:
    """Return the files of the tool that differ from its wheel. They may have been wrong from the start."""
    try:
        with open(PACKED, encoding="ascii") as file:
            *lines, last = file.read().splitlines(keepends=True)
        if last != f"{binascii.crc32(''.join(lines).encode())} contents\n":
            return [PACKED]
        rows = [line.rstrip("\n").partition(" ") for line in lines]
    except (OSError, ValueError):
        return [PACKED]
    return [
        path
        for crc, _, name in rows
        for path in [os.path.join(os.path.dirname(HERE), name)]
        if not has_checksum(path, crc) and (os.path.lexists(path) or not is_in_archive(name))
    ]


def is_in_archive(name: str) -> bool:
    """Whether a module can be loaded now although it is no file, with its docstring. Launchers may keep modules in an
    archive, as zipapps do, or PyInstaller in its program."""
    importlib.invalidate_caches()
    try:
        found: Any = importlib.util.find_spec(name[: -len(".py")].replace("/", ".").replace(".__init__", ""))
        code = found.loader.get_code(found.name)
        return not os.path.exists(found.origin) and "__doc__" in code.co_names
    except Exception:  # noqa: BLE001  a damaged archive can raise any exception
        return False


def has_checksum(path: str, crc: str) -> bool:
    """Whether a file exists and has this checksum."""
    try:
        return str(checksum(path)) == crc
    except OSError:
        return False
