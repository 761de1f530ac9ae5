"""The sockets of the runner to which witnesses report."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from proctor.harness.errors import HarnessError
from proctor.harness.runner.start.removal import remove


class Listeners:
    """The sockets that witnesses report to, kept from one execution to the next: to make one in a directory takes a
    quarter of a millisecond, as long as the start of a small launcher."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[socket.socket, tuple[int, ...]]] = {}

    def at(self, path: str) -> socket.socket:
        """Return a socket that listens at a path, with an empty queue; HarnessError where none can be made."""
        _need_own(os.path.dirname(path))
        listener, made = self._kept.get(path, (None, ()))
        if listener and made == _identity(path):
            _turn_away(listener)
            return listener
        if listener:
            listener.close()
        remove(Path(path))  # a launcher that knows this path may have put something there
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            listener.bind(path)
        except OSError as error:
            raise HarnessError(
                f"cannot make the socket {path} ({error}). This says nothing about the launcher. Set TMPDIR to a "
                "short path (a socket's name has at most 107 bytes) on a file system with room"
            ) from error
        os.chmod(path, 0o777)  # for a command that runs as another user; `peers` tells who has connected
        listener.listen(64)
        self._kept[path] = listener, _identity(path)
        return listener


def _need_own(directory: str) -> None:
    """Raise HarnessError if others may replace what is in the directory of a socket."""
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise HarnessError(
            f"{directory} is not a directory that only this user may write ({stat.filemode(found.st_mode)}, user "
            f"{found.st_uid}), so another process could answer for the command. This says nothing about the launcher, "
            "unless it has changed that. Set TMPDIR to a directory of your own"
        )


def _identity(path: str) -> tuple[int, ...]:
    """Return what shows whether a path still leads to the same socket with the same permissions."""
    try:
        now = os.lstat(path)
    except OSError:
        return ()
    return now.st_dev, now.st_ino, now.st_mode, now.st_ctime_ns


def _turn_away(listener: socket.socket) -> None:
    """Close the connections that an earlier execution has left in the queue."""
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()
