"""The messages between a worker and its runner, and how they are framed."""

from __future__ import annotations

import socket
import struct
from typing import TypeVar

import msgspec

from proctor.harness.history import Event
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

T = TypeVar("T", bound=msgspec.Struct)


class Hello(msgspec.Struct, frozen=True):
    """The runner's first message: its scratch directory, how it contains what it starts, and its pid, which is 1 in a
    PID namespace."""

    scratch: str
    containment: str
    pid: int


class Request(msgspec.Struct, frozen=True):
    """Play this."""

    target: Target
    scenario: Scenario
    schedule: Schedule | None = None


class Reply(msgspec.Struct, frozen=True):
    """What happened, or why the harness failed. refused: what the launcher printed when it failed in an undisturbed run
    that was to prepare this one."""

    events: tuple[Event, ...] = ()
    error: str = ""
    refused: str = ""


def send(link: socket.socket, message: msgspec.Struct) -> None:
    """Send one message; raise OSError where the other side has gone."""
    body = msgspec.msgpack.encode(message)
    link.sendall(struct.pack("!I", len(body)) + body)


def receive(link: socket.socket, kind: type[T]) -> T | None:
    """Return the next message, None when the other side has gone; raise TimeoutError as the socket is set to."""
    head = _exactly(link, 4)
    body = _exactly(link, struct.unpack("!I", head)[0]) if head else b""
    return msgspec.msgpack.decode(body, type=kind) if body else None


def _exactly(link: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        try:
            part = link.recv(count - len(data))
        except ConnectionResetError:
            part = b""
        if not part:
            return b""
        data += part
    return bytes(data)
