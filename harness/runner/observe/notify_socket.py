"""The service manager's end of sd_notify(3): which process reports that it is ready."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from proctor.harness import history
from proctor.harness.runner.observe.peers import CREDENTIALS_SIZE, Peer, Refusals, read_credentials, why_refused
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start.removal import remove

MOST = 4096
"""Bytes of one message."""


class ServiceManager:
    """Listens on NOTIFY_SOCKET. The kernel names the sender of each message, as for systemd: unix(7), SO_PASSCRED. What
    a process sends that is not watched is not taken."""

    def __init__(self, sources: Sources, recorder: Recorder, path: str) -> None:
        self._sources, self._recorder, self._path = sources, recorder, path
        self._refusals = Refusals(recorder)
        remove(Path(path))  # a launcher that knows this path may have put something there
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(path)
        os.chmod(path, 0o777)
        sources.add(self._socket.fileno(), self._read)

    def _read(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(MOST, socket.CMSG_SPACE(CREDENTIALS_SIZE))
        except OSError:
            return
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self._take(read_credentials(value), data)

    def _take(self, sender: Peer, data: bytes) -> None:
        if why := why_refused(sender):
            self._refusals.note(sender, why, "notify")
        else:
            text = data.decode("utf-8", "backslashreplace")
            self._recorder.add("service manager", history.Notified(sender.pid, text))

    def close(self) -> None:
        """Stop listening."""
        self._sources.remove(self._socket.fileno())
        self._socket.close()
        remove(Path(self._path))
