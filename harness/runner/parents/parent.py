"""What all parents share: how they hear from the runner, and what they tell it.

A parent runs in a process of its own, as a descendant of the runner: so the real libraries may block, and all that they
start ends with the execution. It connects to the socket on which the command reports too.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

CLOSE_WITHIN = 20.0
"""Seconds that a program of a parent gets to end when it is asked to. Then it is killed."""

PRINT_WITHIN = 20.0
"""Seconds within which a program has to print what is awaited."""


class Job(NamedTuple):
    """What a parent is to start. folder: its own, for this execution; argv: the launcher's whole command line; options:
    how the program is configured."""

    folder: Path
    argv: list[str]
    options: dict[str, str]

    @property
    def line(self) -> str:
        """The command line as a shell reads it."""
        return shlex.join(self.argv)


class RunnerLink:
    """The connection to the runner. Messages are lines: JSON to it, words from it."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rb")

    def tell(self, kind: str, **values: object) -> None:
        """Send one message."""
        self._socket.sendall(json.dumps({"type": kind, **values}).encode() + b"\n")

    def did(self, what: str, text: str = "", error: int = 0) -> None:
        """Say that something was done, or why not."""
        data = text.encode("utf-8", "surrogateescape")[-3000:].hex()
        self.tell("done", order=what, count=0, crc=0, error=error, text=data)

    def orders(self) -> Iterator[tuple[str, str]]:
        """Yield the words of what the runner asks for, until it goes away."""
        for line in self._lines:
            word, _, verb = line.decode().strip().partition(" ")
            yield word, verb


class Parent(ABC):
    """One real program that starts the launcher, and restarts, stops or interrupts it when asked to."""

    through: tuple[str, ...] = ()
    """Names of programs (comm) between this process and the launcher that belong to the parent."""

    def __init__(self, job: Job, link: RunnerLink) -> None:
        """link: to the runner."""
        self.job, self.link = job, link
        self.started: list[subprocess.Popen[bytes]] = []
        self._printed = b""
        self._news = threading.Condition()
        self._closes = False

    @abstractmethod
    def start(self) -> None:
        """Start the program, and with it the launcher, or be ready to start it."""

    @property
    def shell(self) -> str:
        """The name of a shell that is the last of them; "" where there is none."""
        return ""

    @property
    @abstractmethod
    def verbs(self) -> dict[str, Callable[[], str]]:
        """What the parent can be asked for. Each returns when it is done, with what there is to say."""

    def close(self) -> None:
        """End the program as its user would."""
        self._closes = True
        for program in self.started:
            end(program)

    def run(self, words: list[str], **how: Any) -> None:
        """Start a program of this parent, and keep what it prints."""
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **how}
        program = subprocess.Popen(words, **how)
        self.started.append(program)
        self.link.tell("own", pids=[one.pid for one in self.started])
        for watch in (self._read, self._watch):
            threading.Thread(target=watch, args=(program,), daemon=True).start()

    def _read(self, program: subprocess.Popen[bytes]) -> None:
        while program.stdout and (data := os.read(program.stdout.fileno(), 1 << 16)):
            with self._news:
                self._printed += data
                self._news.notify_all()

    def _watch(self, program: subprocess.Popen[bytes]) -> None:
        """Tell the runner when a program ends unasked: then nothing can be said about the launcher."""
        status = program.wait()
        if not self._closes:
            self.link.did("start", f"it ended by itself with {status}\n{self.log()}", error=1)

    def until_printed(self, pattern: bytes, times: int = 1) -> list[bytes]:
        """Wait until the programs have printed so often what this regular expression matches; return all that matches,
        or the part in parentheses. TimeoutError if they do not."""
        found: list[bytes] = []

        def is_there() -> bool:
            found[:] = re.findall(pattern, self._printed)
            return len(found) >= times

        with self._news:
            if not self._news.wait_for(is_there, PRINT_WITHIN):
                raise TimeoutError(f"{pattern!r} was not printed within {PRINT_WITHIN} s")
        return found

    def log(self) -> str:
        """Return the end of what the programs have printed, for an error."""
        return self._printed[-2000:].decode(errors="replace")

    def serve(self) -> None:
        """Start the program and do what the runner asks for, until it asks to close or goes away."""
        self.link.tell("join", name="parent", through=list(self.through), shell=self.shell)
        if not self._do("start", self.start):
            return
        for _, verb in self.link.orders():
            action = self.close if verb == "close" else self.verbs.get(verb)
            if action is None:
                known = ", ".join([*self.verbs, "close"])
                self.link.did("ask", f"it cannot be asked for {verb!r}; it knows {known}", error=1)
            elif self._do("ask", action) and verb == "close":
                return

    def _do(self, what: str, action: Callable[[], str | None]) -> bool:
        try:
            said = action()
        except Exception:  # noqa: BLE001  whatever it is, the runner says it as our own fault
            self.link.did(what, f"{traceback.format_exc(limit=-3)}\n{self.log()}", error=1)
            return False
        self.link.did(what, said or "")
        return True


def end(program: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """Ask a program to end by a signal, and wait for that."""
    if program.poll() is None:
        program.send_signal(number)
    try:
        program.wait(CLOSE_WITHIN)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
