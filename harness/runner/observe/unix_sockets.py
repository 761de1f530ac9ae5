"""Unix sockets of other processes: with which one each is connected, as sock_diag(7) tells it, and their timeouts."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from proctor.harness.runner.observe.copies import copy_of

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_NLM_F_REQUEST, _NLMSG_ERROR = 1, 2
_SHOW_NAME, _SHOW_PEER = 0x1, 0x4
_NAME, _PEER = 0, 2
"""Attributes of the answer: UNIX_DIAG_NAME, UNIX_DIAG_PEER; linux/unix_diag.h."""
_HEADER, _REQUEST, _ANSWER, _ATTRIBUTE = "=IHHII", "=BBHIIIII", "=BBBBIII", "=HH"
_LISTENS = 10
"""TCP_LISTEN, which unix sockets use, too."""
_ANY = 0xFFFFFFFF
_WITHIN = 1.0
"""Seconds for the answer, which the kernel gives within the call."""


class UnixSocket(NamedTuple):
    """A unix socket. peer: the inode of the socket that it is connected with, 0 for none. name: the path at which it is
    bound; b"" for none."""

    peer: int
    listens: bool
    name: bytes


def unix_socket(inode: int) -> UnixSocket | None:
    """Return what the kernel says of this socket; None if it is no unix socket of our network namespace, or where the
    kernel does not tell (it lacks CONFIG_UNIX_DIAG)."""
    body = struct.pack(_REQUEST, socket.AF_UNIX, 0, 0, _ANY, inode, _SHOW_NAME | _SHOW_PEER, _ANY, _ANY)
    head = struct.pack(_HEADER, struct.calcsize(_HEADER) + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(_WITHIN)
            kernel.send(head + body)
            answer = kernel.recv(8192)
    except OSError:
        return None
    at = struct.calcsize(_HEADER)
    if struct.unpack_from(_HEADER, answer)[1] == _NLMSG_ERROR:
        return None
    state = struct.unpack_from(_ANSWER, answer, at)[2]
    found = _attributes(answer, at + struct.calcsize(_ANSWER))
    peer = struct.unpack("=I", found[_PEER])[0] if _PEER in found else 0
    return UnixSocket(peer, state == _LISTENS, found.get(_NAME, b"").rstrip(b"\0"))


def _attributes(answer: bytes, at: int) -> dict[int, bytes]:
    """Return the attributes from this offset on: each has its length and kind, and begins at a multiple of 4."""
    found = {}
    while at + 4 <= len(answer):
        length, kind = struct.unpack_from(_ATTRIBUTE, answer, at)
        if length < 4:
            break
        found[kind] = answer[at + 4 : at + length]
        at += -(-length // 4) * 4
    return found


def socket_timeout(pid: int, fd: int) -> float | None:
    """Return the seconds after which a call on this socket of a process gives up (SO_RCVTIMEO, SO_SNDTIMEO; socket(7)),
    infinity for never, None where we may not ask."""
    try:
        with socket.socket(fileno=copy_of(pid, fd)) as copy:
            return min(_seconds(copy, option) for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO))
    except OSError:
        return None


def _seconds(copy: socket.socket, option: int) -> float:
    seconds, microseconds = struct.unpack("@ll", copy.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("@ll")))
    return float(seconds + microseconds / 1e6) or float("inf")
