"""The three C programs: clean under strict warnings, and the witness under the sanitizers as well."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from tests.conftest import ROOT

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
WITHIN = 20.0


@pytest.mark.parametrize("name", hatch_build.PROGRAMS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compiles_without_a_warning(compiler: str, name: str, tmp_path: Path) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed here")
    source = ROOT / hatch_build.PROGRAMS[name]
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_DEFAULT_SOURCE"]
    done = subprocess.run(
        [compiler, *flags, "-o", tmp_path / name, source], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a witness that the sanitizers watch."""
    program = tmp_path_factory.mktemp("sanitized") / "witness"
    source = ROOT / hatch_build.PROGRAMS["witness"]
    command = [*hatch_build.compiler(), "-std=gnu11", "-g", "-O1", *SANITIZERS, "-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        pytest.skip(f"this compiler has no sanitizers: {done.stderr.strip().splitlines()[-1]}")
    return program


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


def test_arguments_and_environment_byte_for_byte(sanitized: Path, tmp_path: Path) -> None:
    args = [b"", b"a b", b"\n\"'\\", b"\xff\xfe", b"-x", b"x" * 131_000]
    with playing(sanitized, tmp_path, args=args) as play:
        assert [bytes.fromhex(word) for word in play.witness.hello["args"]] == args
        play.witness.order("exit 3")
        assert play.end() == 3


def test_signals_are_counted_with_their_sender(sanitized: Path, tmp_path: Path) -> None:
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP, signal.SIGRTMIN, signal.SIGRTMAX]
    with playing(sanitized, tmp_path) as play:
        for number in numbers:
            play.process.send_signal(number)
            message = play.witness.next("signal")
            assert (message["signal"], message["sender"]) == (number, os.getpid())
        play.witness.order("exit 0")
        assert play.end() == 0


def test_dispositions(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        for order in ("ignore 15", "ignore 0", "default 0", "inherit 0", "catch 0", "catch 10", "catch 9"):
            assert play.witness.do(order)["error"] == 0
        play.process.send_signal(signal.SIGUSR1)
        assert play.witness.next("signal")["signal"] == signal.SIGUSR1
        play.witness.do(f"exit-on {signal.SIGTERM:d} 7")
        play.process.send_signal(signal.SIGTERM)
        assert play.witness.next("signal")["signal"] == signal.SIGTERM
        assert play.end() == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMAX])
def test_dies_of_a_signal(sanitized: Path, tmp_path: Path, number: int) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.order(f"die {number:d}")
        assert play.end() == -number


def test_signal_that_ends_nobody(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        assert play.witness.do(f"die {signal.SIGCHLD:d}")["error"] != 0
        play.witness.order("exit 0")
        assert play.end() == 0


def test_reads_to_a_count_to_a_line_and_to_the_end(sanitized: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    data = bytes(range(256)) * 1200
    try:
        with playing(sanitized, tmp_path, stdin=reading) as play:
            play.witness.order("read-line")
            os.write(writing, b"a line\n")
            assert play.witness.next("done")["count"] == 7
            play.witness.order(f"read {len(data)}")
            for at in range(0, len(data), 4096):
                os.write(writing, data[at : at + 4096])
            answer = play.witness.next("done")
            assert (answer["count"], answer["crc"]) == (len(data), zlib.crc32(data))
            play.witness.order("read 10")
            os.close(writing)
            writing = -1
            os.close(reading)
            reading = -1
            assert play.witness.next("done")["count"] == 0
            play.witness.order("exit 0")
            assert play.end() == 0
    finally:
        for fd in (reading, writing):
            if fd >= 0:
                os.close(fd)


def test_writes_what_it_says(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        answer = play.witness.do("write 1048577 1")
        assert answer["count"] == 1_048_577
        assert zlib.crc32(play.output.read_bytes()) == answer["crc"]
        assert play.witness.do("say hello")["count"] == 6
        assert play.output.read_bytes().endswith(b"hello\n")
        play.witness.order("exit 0")
        assert play.end() == 0


@pytest.mark.parametrize("flags", ["c", "cn", "cs", "osn"])
def test_spawns_another(sanitized: Path, tmp_path: Path, flags: str) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.order(f"spawn other {flags}")
        other = play.next_witness()
        assert play.witness.next("done")["count"] > 0
        assert other.hello["name"] == "other"
        if "o" in flags:
            assert other.hello["ppid"] != play.process.pid
        other.order("exit 5")
        if "o" not in flags:
            assert play.witness.do("reap")["count"] == other.hello["pid"]
        play.witness.order("exit 0")
        assert play.end() == 0


def test_terminal(sanitized: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        with playing(sanitized, tmp_path, stdin=theirs) as play:
            assert play.witness.do("raw")["error"] == 0
            play.witness.order("look")
            assert play.witness.next("look")["terminal"]["isatty"][0]
            play.witness.order("read 1")
            os.write(ours, b"\x03")
            assert play.witness.next("done")["crc"] == zlib.crc32(b"\x03")
            play.witness.order("exit 0")
            assert play.end() == 0
    finally:
        os.close(ours)
        os.close(theirs)


def test_closes_descriptors_and_survives_nonsense(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        assert play.witness.do("no-such-order " + "x" * 2000)["order"] == "unknown"
        assert play.witness.do("")["order"] == "unknown"
        assert play.witness.do("spawn " + "n" * 100)["order"] == "unknown"
        assert play.witness.do("close 77")["error"] != 0
        for fd in (0, 1):
            assert play.witness.do(f"close {fd}")["error"] == 0
        assert play.witness.do("write 10 1")["error"] != 0
        assert play.witness.do("raw")["error"] != 0
        play.witness.order("look")
        assert not any(play.witness.next("look")["terminal"]["isatty"][:2])
        play.witness.order("exit 0")
        assert play.end() == 0


def test_many_orders_in_one_write_and_one_order_in_many(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.order("\n".join(["ignore 10"] * 200))
        assert all(play.witness.next("done")["order"] == "ignore" for _ in range(200))
        for character in "exit 4":
            play.witness._end.sendall(character.encode())
        play.witness.order("")
        assert play.end() == 4


def test_ends_when_the_runner_has_gone(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.close()
        assert play.end() == 113


def test_nobody_listens(sanitized: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nobody", tmp_path / ("x" * 200)):
        done = subprocess.run([sanitized, path], capture_output=True, timeout=WITHIN, check=False)
        assert done.returncode == 112
        assert done.stderr.startswith(b"witness: ")
    assert subprocess.run([sanitized], capture_output=True, timeout=WITHIN, check=False).returncode == 64
