"""Files that a launcher creates in directories which all programs of the machine share: /tmp, /var/tmp, /run/user.

Others create files there at the same time. fanotify(7) tells who it was: the PID in an event is that in the PID
namespace of the reader, and 0 for a process outside of it. Below the subreaper events are read at once, because only a
process that is still there can be told from others. Without Linux 5.9 and CAP_SYS_ADMIN nothing is noticed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

from proctor.harness.runner import processes
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start.removal import remove

SHARED = ("/tmp", "/var/tmp", f"/run/user/{os.getuid()}")
MOST_DIRECTORIES = 16
_INIT = 0x1 | 0x2 | 0x400 | 0x800  # FAN_CLOEXEC, FAN_NONBLOCK, FAN_REPORT_DIR_FID, FAN_REPORT_NAME
_ADD_DIRECTORY = 0x1 | 0x8  # FAN_MARK_ADD, FAN_MARK_ONLYDIR
_CREATED = 0x80 | 0x100 | 0x40000000  # FAN_MOVED_TO, FAN_CREATE, FAN_ONDIR
_EVENT = struct.Struct("=IBBHQii")  # fanotify_event_metadata: its length first, the pid last
_RECORD = struct.Struct("=BxH8sIi")  # type, length, file system, and the length and type of a file handle
_NAME = 2  # FAN_EVENT_INFO_TYPE_DFID_NAME
_CHUNK = 1 << 16
_AT_FDCWD = -100


class CreatedFiles:
    """Notes what is created in the shared directories, and by whom; `left` says what is still there."""

    def __init__(self, is_ours: Callable[[int], bool] | None = None) -> None:
        """is_ours: whether a process is one of those that the runner has started; for tests."""
        self._is_ours = is_ours or _is_below
        self._directories: dict[int, str] = {}
        self._before: dict[int, frozenset[str]] = {}
        self._created: dict[str, bool] = {}
        """By path, whether it was last created by a process of ours."""
        libc = ctypes.CDLL(None, use_errno=True)
        for path in _shared_directories():
            fd = libc.fanotify_init(_INIT, os.O_RDONLY) if hasattr(libc, "fanotify_init") else -1
            if fd < 0:
                break
            mask = ctypes.c_uint64(_CREATED)
            if libc.fanotify_mark(fd, _ADD_DIRECTORY, mask, _AT_FDCWD, os.fsencode(path)) < 0:
                os.close(fd)  # a file system without file handles
                continue
            self._directories[fd] = path

    def begin(self, sources: Sources) -> None:
        """Forget what was noted before an execution. What is there now is not removed, even if the launcher replaces
        it."""
        self.remove(sources)
        self._before = {fd: _names_in(path) for fd, path in self._directories.items()}
        for fd in self._directories if os.getpid() != 1 else ():
            sources.add(fd, partial(self._read, fd))

    def left(self) -> tuple[str, ...]:
        """Return the paths that processes of ours have created and that are still there."""
        for fd in self._directories:
            self._read(fd)
        return tuple(sorted(path for path, ours in self._created.items() if ours and os.path.lexists(path)))

    def remove(self, sources: Sources) -> None:
        """Remove what is left, for the next execution."""
        for path in self.left():
            with contextlib.suppress(OSError):
                remove(Path(path))
        for fd in self._directories:
            sources.remove(fd)
        self._created.clear()

    def close(self) -> None:
        """Stop listening."""
        for fd in self._directories:
            os.close(fd)
        self._directories.clear()

    def _read(self, fd: int) -> None:
        while True:
            try:
                data = os.read(fd, _CHUNK)
            except OSError:  # there is no more, or too much has happened
                return
            while data:
                length, _, _, start, _, _, pid = _EVENT.unpack_from(data)
                name = _name_in(data[start:length])
                if name and name not in self._before.get(fd, ()):
                    self._created[f"{self._directories[fd]}/{name}"] = self._is_ours(pid)
                data = data[length:]


def _name_in(records: bytes) -> str:
    """Return the file name in the records of one event, "" if there is none."""
    while len(records) >= _RECORD.size:
        kind, length, _, handle, _ = _RECORD.unpack_from(records)
        if kind == _NAME:
            return os.fsdecode(records[_RECORD.size + handle : length].partition(b"\0")[0])
        records = records[max(length, 1) :]
    return ""


def _names_in(path: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(path))
    except OSError:
        return frozenset()


def _is_below(pid: int) -> bool:
    """Whether a process was started by this one, as far as can be told. In a PID namespace of ours all others are."""
    if os.getpid() == 1:
        return pid > 1
    return pid in processes.below(os.getpid(), processes.table())


def _shared_directories() -> list[str]:
    """Return the directories, and those in them into which anybody may write, such as /tmp/.X11-unix."""
    found = [path for path in SHARED if os.path.isdir(path)]
    for path in tuple(found):
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            found += [entry.path for entry in entries if _is_for_all(entry)]
    return found[:MOST_DIRECTORIES]


def _is_for_all(entry: os.DirEntry[str]) -> bool:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and bool(mode & stat.S_IWOTH) and bool(mode & stat.S_ISVTX)
