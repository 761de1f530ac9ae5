"""Files that a launcher creates in directories which all programs of the machine share: /tmp, /var/tmp, /run.

Others create files there at the same time. fanotify(7) tells who it was: the PID in an event is that in the PID
namespace of the reader, and 0 for a process outside of it. Below the subreaper events are read at once, because a
process can be told from others only while it is there, or if it was seen before. Without Linux 5.9 and CAP_SYS_ADMIN
nothing is noticed.

A directory into which anybody may write is shared as soon as it is there: it is not the launcher's, and is removed when
the runner ends, if it is empty. What launchers create in it is theirs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from proctor.harness.runner import processes
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start.removal import remove

FOR_ALL = ("/tmp", "/var/tmp", f"/run/user/{os.getuid()}")
"""Watched with the directories in them into which anybody may write, such as /tmp/.X11-unix."""
OF_THE_SYSTEM = "/run"
"""Watched with all directories below, but for those of other file systems: some are slow to answer, or never do."""
MOST_DIRECTORIES = 200
_INIT = 0x1 | 0x2 | 0x400 | 0x800  # FAN_CLOEXEC, FAN_NONBLOCK, FAN_REPORT_DIR_FID, FAN_REPORT_NAME
_ADD_DIRECTORY = 0x1 | 0x8  # FAN_MARK_ADD, FAN_MARK_ONLYDIR
_NEW = 0x100  # FAN_CREATE: there was no such name
_CREATED = _NEW | 0x80  # or FAN_MOVED_TO: there may have been one
_REMOVED = 0x40 | 0x200  # FAN_MOVED_FROM, FAN_DELETE
_OF_DIRECTORIES = 0x40000000  # FAN_ONDIR
_LOST = 0x4000  # FAN_Q_OVERFLOW: there were too many events
_EVENT = struct.Struct("=IBBHQii")  # fanotify_event_metadata: its length first, the pid last
_RECORD = struct.Struct("=BxH8s")  # type, length, file system; then comes a file handle, and a name
_HANDLE = struct.Struct("=Ii")  # file_handle: the length and the type of the bytes that follow
_NAME = 2  # FAN_EVENT_INFO_TYPE_DFID_NAME
_LONGEST_HANDLE = 128  # MAX_HANDLE_SZ
_CHUNK = 1 << 16
_AT_FDCWD = -100

Handle = tuple[int, bytes]
"""What the kernel knows a directory by: name_to_handle_at(2)."""


class CreatedFiles:
    """Notes what is created in the shared directories, and by whom; `left` says what is still there.

    The directories are listed once, and events say what has changed since: to list them, or only to look whether they
    have changed, takes a tenth of a millisecond for each execution.
    """

    def __init__(self) -> None:
        self._directories: dict[Handle, str] = {}
        self._of_others: dict[str, set[str]] = {}
        """By directory, the names that were there before or come from others."""
        self._created: set[str] = set()
        """The paths that processes of ours have created, some of which may have gone."""
        self._taken: set[str] = set()
        """Paths of others that processes of ours have removed."""
        self._new_directories: dict[str, bool] = {}
        """By path, whether a process of ours has made it. It is not known yet whether they are shared."""
        self._shared: list[str] = []
        """The shared directories that processes of ours have made."""
        self._seen: set[int] = set()
        """Processes of ours, below the subreaper. Some may have ended."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        has_fanotify = hasattr(self._libc, "fanotify_init")
        self._events = self._libc.fanotify_init(_INIT, os.O_RDONLY) if has_fanotify else -1
        for path in _shared_directories() if self._events >= 0 else ():
            self._watch(path)

    def _watch(self, path: str) -> None:
        name, mask = os.fsencode(path), ctypes.c_uint64(_CREATED | _REMOVED | _OF_DIRECTORIES)
        handle = _handle_of(self._libc, name)
        if handle and self._libc.fanotify_mark(self._events, _ADD_DIRECTORY, mask, _AT_FDCWD, name) == 0:
            self._directories[handle] = path
            self._of_others[path] = _names_in(path)

    def begin(self, sources: Sources) -> None:
        """Forget what was noted before an execution. What is there now is not removed, even if the launcher replaces
        it."""
        self.remove(sources)
        if self._directories and os.getpid() != 1:
            sources.add(self._events, self._read)

    def left(self) -> tuple[str, ...]:
        """Return the paths that processes of ours have created and that are still there."""
        self._read()
        self._watch_shared()
        return tuple(sorted(filter(os.path.lexists, self._created)))

    def remove(self, sources: Sources) -> None:
        """Remove what is left, for the next execution."""
        for path in self.left():
            with contextlib.suppress(OSError):  # it has gone meanwhile, or cannot be removed
                remove(Path(path))
        sources.remove(self._events)
        self._created.clear()
        self._seen.clear()
        self._taken.clear()
        self._new_directories.clear()

    def close(self) -> None:
        """Remove the shared directories that were made, and are empty."""
        for path in self._shared:
            with contextlib.suppress(OSError):  # others use it
                os.rmdir(path)

    def _watch_shared(self) -> None:
        """Watch the new directories that are shared. What is in one of ours by now is taken to be ours as well."""
        for path, is_ours in self._new_directories.items():
            if not _is_for_all(path) or path in self._of_others:
                continue
            self._watch(path)
            if is_ours and path in self._of_others:
                self._created.discard(path)
                self._shared.append(path)
                self._created.update(f"{path}/{name}" for name in self._of_others[path])
                self._of_others[path].clear()

    def _read(self) -> None:
        while self._directories:
            try:
                data = os.read(self._events, _CHUNK)
            except OSError:  # there is no more
                return
            while data:
                length, _, _, start, mask, _, pid = _EVENT.unpack_from(data)
                if mask & _LOST:
                    self._of_others = {path: _names_in(path) for path in self._directories.values()}
                for handle, name in named_in(data[start:length]):
                    if directory := self._directories.get(handle):
                        self._note(directory, name, mask, self._is_ours(pid))
                data = data[length:]

    def _note(self, directory: str, name: str, mask: int, is_ours: bool) -> None:
        """Note that a name was created or removed, or both: the kernel makes one event of several. What was there
        before stays that of others, even if we replace it; but a new name shows that they had removed theirs."""
        of_others, path = self._of_others[directory], f"{directory}/{name}"
        if mask & _CREATED and mask & _OF_DIRECTORIES:
            self._new_directories[path] = is_ours
        if is_ours:
            if mask & _REMOVED and name in of_others:
                self._taken.add(path)
            if name not in of_others or (mask & _NEW and path not in self._taken):
                of_others.discard(name)
                self._created.add(path)
        elif mask & _CREATED and (not mask & _REMOVED or os.path.lexists(path)):
            of_others.add(name)
            self._created.discard(path)
        else:
            of_others.discard(name)

    def saw(self, pid: int) -> None:
        """Note that a process is ours."""
        self._seen.add(pid)

    def _is_ours(self, pid: int) -> bool:
        """Whether a process was started by this one, as far as can be told. In a PID namespace of ours all are."""
        if os.getpid() == 1:
            return pid > 1
        if pid not in self._seen:
            self._seen.update(processes.below(os.getpid(), processes.table()))
        return pid in self._seen


def named_in(records: bytes) -> Iterator[tuple[Handle, str]]:
    """Yield the directories and names in the records of one event."""
    while len(records) >= _RECORD.size + _HANDLE.size:
        kind, length, _ = _RECORD.unpack_from(records)
        size, handle_type = _HANDLE.unpack_from(records, _RECORD.size)
        start = _RECORD.size + _HANDLE.size
        if kind == _NAME:
            name = records[start + size : length].partition(b"\0")[0]
            yield (handle_type, records[start : start + size]), os.fsdecode(name)
        records = records[max(length, 1) :]


def _handle_of(libc: ctypes.CDLL, path: bytes) -> Handle | None:
    """Return the handle of a directory, None if its file system has none."""
    buffer = ctypes.create_string_buffer(_HANDLE.pack(_LONGEST_HANDLE, 0), _HANDLE.size + _LONGEST_HANDLE)
    if not hasattr(libc, "name_to_handle_at"):
        return None
    if libc.name_to_handle_at(_AT_FDCWD, path, buffer, ctypes.byref(ctypes.c_int()), 0) < 0:
        return None
    size, handle_type = _HANDLE.unpack_from(buffer.raw)
    return handle_type, buffer.raw[_HANDLE.size : _HANDLE.size + size]


def _names_in(path: str) -> set[str]:
    try:
        return set(os.listdir(path))
    except OSError:
        return set()


def _shared_directories() -> list[str]:
    """Return the directories to watch, at most MOST_DIRECTORIES."""
    found = [path for path in FOR_ALL if os.path.isdir(path)]
    for path in tuple(found):
        # one that cannot be listed: then only it itself is watched
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            found += [entry.path for entry in entries if _is_for_all(entry.path)]
    of_the_system = _device(OF_THE_SYSTEM)
    for path, names, _ in os.walk(OF_THE_SYSTEM):
        if len(found) >= MOST_DIRECTORIES:
            break
        found.append(path)
        names[:] = [name for name in names if _device(f"{path}/{name}") == of_the_system]
    return found[:MOST_DIRECTORIES]


def _device(path: str) -> int:
    try:
        return os.lstat(path).st_dev
    except OSError:
        return -1


def _is_for_all(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and bool(mode & stat.S_IWOTH) and bool(mode & stat.S_ISVTX)
