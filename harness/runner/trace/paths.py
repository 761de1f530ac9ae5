"""The file that a traced system call is about, read from its arguments and from the memory of its task."""

from __future__ import annotations

import os

from proctor.harness.calls import CALLS

_LONGEST = 4096
"""PATH_MAX: longer paths are refused by the kernel."""
_AT_FDCWD = -100 & 0xFFFFFFFF


def path_of(tid: int, call: str, arguments: tuple[int, ...]) -> str:
    """Return the absolute path of the file that a call makes, changes or removes; "" if it is about none, or cannot be
    read. The task is stopped at the entry of the call."""
    named = CALLS[call].path
    if not named or not arguments:
        return ""
    try:
        name = b"" if named.name is None else _text_at(tid, arguments[named.name])
        base = _directory(tid, None if named.directory is None else arguments[named.directory])
    except OSError:
        return ""
    return os.path.normpath(os.path.join(base, name)).decode("utf-8", "backslashreplace")


def _directory(tid: int, descriptor: int | None) -> bytes:
    """Return the path of a descriptor; the working directory where there is none."""
    if descriptor is None or descriptor & 0xFFFFFFFF == _AT_FDCWD:
        return os.readlink(f"/proc/{tid}/cwd".encode())
    return os.readlink(f"/proc/{tid}/fd/{descriptor}".encode())


def _text_at(tid: int, address: int) -> bytes:
    """Return the string at an address of a task, which ends with a zero byte."""
    memory = os.open(f"/proc/{tid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(memory, _LONGEST, address).partition(b"\0")[0]
    finally:
        os.close(memory)
