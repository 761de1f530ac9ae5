"""Waits on unix sockets: with a timeout, for a peer, and for any process that may connect or send."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from proctor.harness.history import OpenWait
from proctor.harness.runner.observe import timers
from proctor.harness.runner.observe.descriptors import Given
from proctor.harness.runner.observe.open_waits import named
from proctor.harness.runner.observe.unix_sockets import socket_timeout
from tests.blocked_for_tests import blocked_in, only_x86_64, what_blocks

pytestmark = only_x86_64


def test_a_socket_that_gives_up_has_a_timeout() -> None:
    code = "a, b = socket.socketpair(); a.setsockopt(1, socket.SO_RCVTIMEO, bytes((200, 0) + (0,) * 14)); "
    with blocked_in(45, code + "call(45, a.fileno(), bytes(8), 8, 0, none, none)") as (pid, _):
        found = what_blocks(pid)
    assert found == (200.0, None) or (found.open and not may_copy_descriptors())


def may_copy_descriptors() -> bool:
    """Whether pidfd_getfd(2) is there and allowed."""
    return socket_timeout(os.getpid(), socket.socket().fileno()) is not None


GIVES_UP = "s.setsockopt(1, socket.{}, bytes((200, 0) + (0,) * 14)); "
UNCONNECTED = {
    "accept": (43, "s = socket.socket(1, 1); s.bind(at('l')); s.listen(); {}call(43, s.fileno(), none, none)"),
    "receive": (45, "s = socket.socket(1, 2); s.bind(at('d')); {}call(45, s.fileno(), bytes(8), 8, 0, none, none)"),
}


@pytest.mark.parametrize(("number", "code"), UNCONNECTED.values(), ids=UNCONNECTED.keys())
def test_a_socket_without_a_peer_waits_as_long_as_it_says(number: int, code: str, tmp_path: Path) -> None:
    at = f"at = lambda name: {str(tmp_path)!r} + '/' + name\n"
    given = Given((str(tmp_path),))
    for gives_up, seconds in (("", timers.FOREVER), (GIVES_UP.format("SO_RCVTIMEO"), 200.0)):
        with blocked_in(number, at + code.format(gives_up)) as (pid, _):
            found = what_blocks(pid, given=given)
            assert found == (seconds, None) or (found.open and not may_copy_descriptors())
            assert what_blocks(pid).open
        for path in tmp_path.iterdir():
            path.unlink()


CONNECTING = {
    "connect": (42, "s = socket.socket(1, 1); s.bind(at); a = name(there); call(42, s.fileno(), a, len(a))"),
    "send": (
        44,
        (
            "s = socket.socket(1, 2); s.bind(at); a = name(there); s.setblocking(False)\n"
            "try:\n    while 1: s.sendto(b'.', there)\n"
            "except BlockingIOError: s.setblocking(True); call(44, s.fileno(), b'.', 1, 0, a, len(a))"
        ),
    ),
}


@pytest.mark.parametrize(("number", "code"), CONNECTING.values(), ids=CONNECTING.keys())
def test_whom_a_socket_of_ours_waits_for_may_be_outside(number: int, code: str, tmp_path: Path) -> None:
    """The sockets outside take nothing: one has a full backlog, the other a full queue."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    kind = socket.SOCK_STREAM if number == 42 else socket.SOCK_DGRAM
    paths = f"at, there = {str(inside / 's')!r}, {str(outside)!r}\n"
    names = "import struct\nname = lambda path: struct.pack('=H', 1) + path.encode() + bytes(1)\n"
    with socket.socket(socket.AF_UNIX, kind) as server, socket.socket(socket.AF_UNIX, kind) as client:
        server.bind(str(outside))
        if kind == socket.SOCK_STREAM:
            server.listen(0)
            client.connect(str(outside))
        with blocked_in(number, paths + names + code) as (pid, _):
            assert what_blocks(pid, given=Given((str(inside),))).open


def test_the_name_of_a_socket_that_is_no_text_can_be_recorded(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/\udcff")
        inode = os.fstat(server.fileno()).st_ino
        (found,) = named([OpenWait(os.getpid(), "outside", "accept", f"socket:[{inode}]")], ())
    assert found.link == f"a unix socket at {tmp_path}/\\xff"
