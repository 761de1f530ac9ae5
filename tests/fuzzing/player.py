"""Runs `proctor` on files, each time in a directory of its own, and returns what came of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.conftest import ROOT
from tests.fuzzing.sandbox import COMPUTES_WITHIN, Reply, Request

OWN = {"stdout", "stderr", "home", "tmp", "work"}
"""What is in the directory of each run, before and after it."""


class Outcome(NamedTuple):
    """What came of a command. left: paths of files that it has left, but for the one that was asked for; changed: of
    files that it has changed."""

    words: list[str]
    reply: Reply
    stdout: bytes
    stderr: bytes
    made: bytes
    left: list[str]
    changed: list[str]


class Player:
    """Has the process that runs the commands."""

    def __init__(self, directory: Path, *files: str | Path) -> None:
        self._room = directory / "room"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzzing.sandbox", *map(str, files)], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        )  # fmt: skip

    def run(
        self,
        words: list[str],
        files: dict[str, bytes],
        asked: str = "",
        starts: bool = False,
        seconds: int = COMPUTES_WITHIN,
    ) -> Outcome:
        """Write files, run `proctor WORDS...` beside them, and return what came of it. asked: the file that it is to
        write."""
        room, work = self._room, self._room / "work"
        shutil.rmtree(room, ignore_errors=True)
        for name in ("home", "tmp", "work"):
            (room / name).mkdir(parents=True)
        for name, data in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(data)
        reply = self._reply(Request(list(map(os.fsencode, words)), str(room), str(work), starts, seconds))
        there = {str(path.relative_to(room)): path for path in room.rglob("*")}
        made = there.pop(f"work/{asked}", None)
        known = OWN | {f"work/{part}" for name in files for part in (name, *map(str, Path(name).parents))}
        changed = [name for name, data in files.items() if name != asked and _contents(work / name) != data]
        return Outcome(
            words, reply, _contents(room / "stdout"), _contents(room / "stderr"), _contents(made) if made else b"",
            sorted(there.keys() - known), changed,
        )  # fmt: skip

    def _reply(self, request: Request) -> Reply:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(msgspec.json.encode(request) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that runs the commands has ended"
        return msgspec.json.decode(line, type=Reply)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@contextlib.contextmanager
def player(directory: Path, *files: str | Path) -> Iterator[Player]:
    """Give a player; end its process after the block. files: the arguments of sandbox.py."""
    made = Player(directory, *files)
    try:
        yield made
    finally:
        made.close()
