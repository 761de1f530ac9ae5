"""Removes what a launcher has left, whatever it has done to keep it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import struct
import subprocess
from pathlib import Path

# linux/fs.h: _IOR('f', 1, long) and _IOW('f', 2, long); the kernel reads and writes an int. ioctl_iflags(2)
_GET_FLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1
_SET_FLAGS = 1 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 2
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20


def remove(path: Path) -> None:
    """Remove a file or a directory with all in it, as far as that can be done: a launcher may have locked it, or have
    filled it deeper than a recursion goes."""
    try:
        try:
            path.unlink(missing_ok=True)
        except IsADirectoryError:
            shutil.rmtree(path)
    except (OSError, RecursionError):
        unlock(path)
        subprocess.run(["chmod", "-R", "u+rwx", "--", path], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--", path], check=False, stderr=subprocess.DEVNULL)


def unlock(path: Path) -> None:
    """Take away the attributes by which files and directories cannot be removed: `chattr +i`, `chattr +a`. Only root
    can set them."""
    waiting = [str(path)]
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(OSError):  # it cannot be read, its path is too long, or its file system has none
            mode = os.lstat(one).st_mode
            if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                _clear_flags(one)
            if stat.S_ISDIR(mode):
                waiting += [entry.path for entry in os.scandir(one)]


def _clear_flags(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack("i", fcntl.ioctl(fd, _GET_FLAGS, bytes(4)))
        if flags & (_IMMUTABLE | _APPEND_ONLY):
            fcntl.ioctl(fd, _SET_FLAGS, struct.pack("i", flags & ~(_IMMUTABLE | _APPEND_ONLY)))
    except OSError:
        pass  # most file systems in memory have no such attributes
    finally:
        os.close(fd)
