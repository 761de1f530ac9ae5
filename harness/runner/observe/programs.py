"""Whether a process may have set an interval timer, by its program: where the list of timers may not be read.

A program sets a timer by a call. It makes calls by functions of the C library, or by instructions of its own. So one
that has neither these instructions nor the names of such functions cannot. A timer that an earlier program of the
process has set, before execve(2), is not found so.
"""

from __future__ import annotations

import functools
import os
import platform
import re

from proctor.harness.runner.observe import timers

_C_LIBRARY = re.compile(rb"/(?:libc\.so\.6|ld-linux[\w-]*\.so\.\d|libc\.musl-\w+\.so\.1|ld-musl-\w+\.so\.1)$")
_BY_THE_KERNEL = (b"[vdso]", b"[vsyscall]")
_CALLS = {"x86_64": rb"\x0f\x05|\xcd\x80|\x0f\x34", "aarch64": rb"\x01\x00\x00\xd4"}.get(platform.machine())
"""syscall, int 0x80 and sysenter; svc."""
_NAMES = rb"(?:alarm|setitimer|syscall|dlv?sym|dlm?open)\x00"
"""What sets a timer, makes any call, or finds any function, ualarm(3) included. A linker lets a name share the end of
a longer one, so names are found by their ends."""
_LARGEST = 1 << 24
"""Bytes. A larger program has these instructions anyhow."""


def may_set_timer(pid: int) -> bool:
    """Whether what a process executes may set an interval timer, or cannot be read."""
    lines = timers.maps(pid)
    return lines is None or any(map(_line_may_set_timer, lines))


def _line_may_set_timer(line: bytes) -> bool:
    _, mode, _, _, inode, *path = line.rstrip(b"\n").split(maxsplit=5)
    if b"x" not in mode:
        return False
    if not path:
        return True  # made while it ran
    if path[0] in _BY_THE_KERNEL or _C_LIBRARY.search(path[0]):
        return False
    try:
        found = os.stat(path[0])
    except OSError:
        return True
    if found.st_ino != int(inode) or found.st_size > _LARGEST:
        return True  # another file has this name now, or here
    return _file_may_set_timer(path[0], found.st_ino, found.st_size, found.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _file_may_set_timer(path: bytes, *as_it_was: int) -> bool:
    del as_it_was  # to read it again when it was changed
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return True
    return not _CALLS or re.search(_CALLS + b"|" + _NAMES, data) is not None
