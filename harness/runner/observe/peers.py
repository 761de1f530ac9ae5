"""The process at the other end of a unix socket, and whether it is one that the runner watches.

Other users can connect to the runner's sockets: a launcher may run its command as another user, so neither the user nor
the permissions of a path tell a command from a stranger. A stranger is a process that is no descendant of the runner.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import NamedTuple

from proctor.harness import history
from proctor.harness.errors import HarnessError
from proctor.harness.history import OwnSocket, WhyRefused
from proctor.harness.runner import processes
from proctor.harness.runner.recorder import Recorder

MOST_NOTED = 10
"""Refusals that are recorded in one execution."""
MOST_REFUSED = 1000
"""Refusals of strangers in one execution, after which it is given up: they take CPU time, and are events, so that
nothing is ever seen to rest."""
_CREDENTIALS = struct.Struct("=iII")
CREDENTIALS_SIZE = _CREDENTIALS.size


class Peer(NamedTuple):
    """The credentials of a process, according to the kernel. pid: in our PID namespace, 0 if it is outside."""

    pid: int
    uid: int


def peer_of(end: socket.socket) -> Peer:
    """Return which process has connected; unix(7), SO_PEERCRED."""
    return read_credentials(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS_SIZE))


def read_credentials(data: bytes) -> Peer:
    """Return the peer in a struct ucred."""
    pid, uid, _ = _CREDENTIALS.unpack(data[:CREDENTIALS_SIZE])
    return Peer(pid, uid)


def why_refused(peer: Peer) -> WhyRefused | None:
    """Say why a peer is not served; None if it is watched. As PID 1 of a PID namespace we watch all that have a pid in
    it: to enter it from outside takes the privilege to trace us. Elsewhere a peer that has been reaped already cannot
    be found among our descendants. It is believed if its user is ours or root, who may trace us too."""
    if peer.pid <= 0:
        return "outside"
    if os.getpid() == 1:
        return None
    is_below = _is_below(peer.pid)
    if is_below is None:
        return None if peer.uid in (0, os.geteuid()) else "unknown"
    return None if is_below else "outside"


def _is_below(pid: int) -> bool | None:
    """Whether a process is our descendant; None if there is no such process, or /proc does not show it."""
    for _ in range(processes.MOST_READINGS):
        at = pid
        while at not in (0, os.getpid()):
            process = processes.read_process(at)
            if process is None:
                break
            at = process.ppid
        else:
            return at != 0
        if at == pid:
            return None
        # an ancestor has ended since its child was read, which has another parent now: again
    return None


class Refusals:
    """Records the peers that are refused in one execution."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._noted = self._strangers = 0

    def note(self, peer: Peer, why: WhyRefused, at: OwnSocket = "witness") -> None:
        """Record a refusal; HarnessError if there are too many strangers. at: the socket that the peer has written
        to."""
        self._strangers += why != "silent"
        if self._noted < MOST_NOTED:
            self._noted += 1
            self._recorder.add("runner", history.PeerRefused(peer.pid, peer.uid, why, at))
        if self._strangers > MOST_REFUSED:
            raise HarnessError(
                f"more than {MOST_REFUSED} connections from processes that are not the launcher's, the last from pid "
                f"{peer.pid} of user {peer.uid}. This says nothing about the launcher. End that process, or set TMPDIR "
                "to a directory of your own"
            )
