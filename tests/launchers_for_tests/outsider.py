"""A process outside of the run that `asks.py` asks: python outsider.py LISTENER_FD UID KIND.

As UID it serves one client after the other. KIND says what it does with a command: `daemon` starts it and waits for it,
`daemon-at-once` only starts it; all others attack the socket to which the command reports. None of these answers before
the socket has been closed on it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

MANY, FLOOD = 300, 1100
kept: list[socket.socket] = []


def connect(path: str, data: bytes = b"") -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    end.connect(path)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        end.sendall(data)
    return end


def until_closed(end: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):
        while end.recv(4096):
            pass
    kept.append(end)


def hello() -> bytes:
    """Return what a witness would report."""
    made: dict[str, object] = {"type": "hello", "name": "command", "at": time.monotonic_ns(), "cwd": "2f"}
    made |= dict.fromkeys(("pid", "ppid", "pgid", "sid", "uid", "gid", "umask", "nice"), 1)
    made |= {key: [] for key in ("groups", "blocked", "ignored", "fds", "limits", "args", "environ")}
    made["terminal"] = {"isatty": [False] * 3, "modes": [], "dev_tty": 6, "rows": 0, "columns": 0, "foreground": -1}
    return json.dumps(made).encode() + b"\n"


def serve(kind: str, asked: dict[str, Any]) -> object:
    words = asked["command"]
    if kind in ("daemon", "daemon-at-once"):
        process = subprocess.Popen(
            words, env=asked["environment"], cwd=asked["directory"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return process.wait() if kind == "daemon" else 0
    if kind == "notify":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"READY=1", asked["environment"]["NOTIFY_SOCKET"])
        return "go"
    path = words[1]
    sent = {"forged": hello(), "malformed": b"[" * 100_000 + b"\n", "oversized": b"x" * 40_000_000}.get(kind, b"")
    ends = [connect(path, sent) for _ in range({"many": MANY, "flood": FLOOD}.get(kind, 1))]
    for end in ends:
        until_closed(end)
    return "go"


def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[1]))
    uid, kind = int(sys.argv[2]), sys.argv[3]
    if uid != os.geteuid():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    while True:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            answer = serve(kind, json.loads(client.makefile().readline()))
            client.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
