"""Connections of witnesses: what they report, and the orders they are given."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from harness import history
from harness.errors import HarnessError
from harness.runner.recorder import Recorder
from harness.runner.sources import Sources


class _Connection:
    def __init__(self, end: socket.socket, pid: int) -> None:
        self.socket = end
        self.pid = pid
        self.name = ""
        self.unread = b""


class Witnesses:
    """Listens on a socket in the scratch directory. `on_greeting(name, pid)` is called for each new witness."""

    def __init__(self, sources: Sources, recorder: Recorder, path: str) -> None:
        self._sources = sources
        self._recorder = recorder
        self._connections: dict[int, _Connection] = {}
        self._by_name: dict[str, _Connection] = {}
        self.on_greeting: Callable[[str, int], None] = lambda name, pid: None
        self.role_of: Callable[[int], str] = lambda pid: ""
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._listener.bind(path)
        except OSError as error:
            raise HarnessError(
                f"cannot make the socket {path} ({error}). This says nothing about the launcher. Set TMPDIR to a "
                "short path (a socket's name has at most 107 bytes) on a file system with room"
            ) from error
        os.chmod(path, 0o777)
        self._listener.listen(64)
        sources.add(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            end, _ = self._listener.accept()
        except OSError:
            return
        # the kernel's word for who it is, in our PID namespace, whatever the witness believes
        pid = struct.unpack("iii", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        end.setblocking(False)
        connection = _Connection(end, pid)
        self._connections[end.fileno()] = connection
        self._sources.add(end.fileno(), lambda: self._read(connection))

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(connection)
            return
        *lines, connection.unread = (connection.unread + data).split(b"\n")
        for line in lines:
            self._take(connection, line)

    def _forget(self, connection: _Connection) -> None:
        fd = connection.socket.fileno()
        if fd >= 0:
            self._sources.remove(fd)
            self._connections.pop(fd, None)
            connection.socket.close()

    def drain(self, name: str) -> None:
        """Take in all that this witness has reported up to now."""
        connection = self._by_name.get(name)
        while connection and connection.socket.fileno() >= 0:
            try:
                if not connection.socket.recv(1, socket.MSG_PEEK):
                    return
            except OSError:
                return
            self._read(connection)

    def _take(self, connection: _Connection, line: bytes) -> None:
        try:
            message: dict[str, Any] = msgspec.json.decode(line)
            kind = message.pop("type")
        except (msgspec.DecodeError, KeyError, AttributeError):
            return  # the socket is there for everyone: whoever speaks otherwise is no witness of ours
        at = self._recorder.since_start(int(message.pop("at", 0)))
        if kind == "hello":
            self._greet(connection, message)
        elif kind == "signal":
            sender = int(message["sender"])
            self._recorder.add(
                connection.name,
                history.Received(
                    connection.name, message["signal"], message["code"], sender, round(at, 6), self.role_of(sender)
                ),
            )
        elif kind == "done":
            self._recorder.add(
                connection.name,
                history.Answered(
                    connection.name, message["order"], message["count"], message["crc"], message["error"]
                ),
            )
        elif kind == "look":
            view = msgspec.convert(message["terminal"], history.TerminalView)
            fact = history.Viewed(connection.name, message["pgid"], message["sid"], view)
            self._recorder.add(connection.name, fact)

    def _greet(self, connection: _Connection, message: dict[str, Any]) -> None:
        connection.name = str(message.pop("name"))
        if connection.name in self._by_name:  # a launcher that starts its command twice
            connection.name += f"-{connection.pid}"
        message["cwd"] = bytes.fromhex(message["cwd"])
        for key in ("args", "environ"):
            message[key] = tuple(bytes.fromhex(word) for word in message[key])
        self._by_name[connection.name] = connection
        self.on_greeting(connection.name, connection.pid)
        inherited = msgspec.convert(message, history.Inherited)
        self._recorder.add(connection.name, history.Greeted(connection.name, connection.pid, inherited))

    def order(self, name: str, text: str) -> bool:
        """Send one order; return whether there was a witness to send it to."""
        connection = self._by_name.get(name)
        if not connection or connection.socket.fileno() < 0:
            return False
        try:
            connection.socket.sendall(text.encode() + b"\n")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close everything."""
        for connection in list(self._connections.values()):
            self._forget(connection)
        self._sources.remove(self._listener.fileno())
        self._listener.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)
