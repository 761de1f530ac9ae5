"""A witness that a test starts itself, without a runner: its connections, and the orders that the test gives it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WITHIN = 20.0
"""Seconds for each message, and for the end."""


class Witness:
    """One connection of a witness: orders in, messages out."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lines = end.makefile("rb")
        self.hello = self.next("hello")

    def next(self, kind: str) -> dict[str, Any]:
        """Return the next message; it must be of this kind."""
        message: dict[str, Any] = json.loads(self._lines.readline() or "{}")
        assert message.get("type") == kind, message
        return message

    def order(self, text: str) -> None:
        self._end.sendall(text.encode() + b"\n")

    def do(self, text: str) -> dict[str, Any]:
        """Give an order and return its answer."""
        self.order(text)
        return self.next("done")

    def close(self) -> None:
        self._lines.close()
        self._end.close()


class Play:
    """A witness that runs, and the socket on which those that it spawns report."""

    def __init__(self, program: Path, directory: Path, stdin: int, args: list[bytes]) -> None:
        path = directory / "s"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(WITHIN)
        self._witnesses: list[Witness] = []
        self.output = directory / "output"
        self.complaints = directory / "complaints"
        # a report of the sanitizers ends the program with this status, which no order asks for
        options = {"ASAN_OPTIONS": "exitcode=99:abort_on_error=0", "UBSAN_OPTIONS": "exitcode=99"}
        with open(self.output, "wb") as output, open(self.complaints, "wb") as complaints:
            self.process = subprocess.Popen(
                [program, path, *args], stdin=stdin, stdout=output, stderr=complaints, env=os.environ | options
            )
        self.witness = self.next_witness()

    def next_witness(self) -> Witness:
        """Return the next one that connects."""
        end, _ = self._listener.accept()
        end.settimeout(WITHIN)
        self._witnesses.append(Witness(end))
        return self._witnesses[-1]

    def end(self) -> int:
        """Wait for the witness' end; return its status. The sanitizers must have said nothing."""
        status = self.process.wait(WITHIN)
        assert self.complaints.read_bytes() == b""
        return status

    def close(self) -> None:
        for witness in self._witnesses:
            witness.close()
        self._listener.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def playing(
    program: Path, directory: Path, stdin: int = subprocess.DEVNULL, args: list[bytes] | None = None
) -> Iterator[Play]:
    play = Play(program, directory, stdin, args or [])
    try:
        yield play
    finally:
        play.close()


def said(answer: dict[str, Any]) -> str:
    """Return the text of an answer."""
    return bytes.fromhex(answer["text"]).decode()
