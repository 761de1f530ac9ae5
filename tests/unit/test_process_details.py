"""What is said of a process that is still there: also of one that is gone, and of names that are not text."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from proctor.harness import process_details
from proctor.harness.history import ProcessDetails
from proctor.harness.words import describe

HOLDS = """
import socket, sys
file = open(sys.argv[1], "a")
listens = socket.create_server(("127.0.0.1", 0))
print(listens.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_command_files_and_sockets(tmp_path: Path) -> None:
    path = tmp_path / "held"
    words = [sys.executable, "-c", HOLDS, str(path), os.fsdecode(b"\xff")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        found = process_details.details_of(process.pid, "child1")
        lines = process_details.describe_with_children(os.getpid())
        process.communicate()
    assert found is not None
    assert (found.role, found.files, found.sockets) == ("child1", (str(path),), (f"127.0.0.1:{port} (LISTEN)",))
    assert found.command[-2:] == (str(path), r"\xff")
    assert describe(found).startswith(f"still there: child1 (pid {process.pid}): {sys.executable} -c ")
    assert [line for line in lines if f"(pid {process.pid})" in line]


def test_a_process_that_is_gone() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert process_details.details_of(process.pid) is None
    assert process_details.describe_with_children(process.pid) == []


def test_command_line_of_a_process_in_disk_sleep_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "status", lambda _: psutil.STATUS_DISK_SLEEP)
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: pytest.fail("would wait for ever"))
    found = process_details.details_of(os.getpid())
    assert found is not None and (found.command, found.files) == ((), ())


def test_what_may_not_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: psutil.Process) -> list[str]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "open_files", refuse)
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = "{}:{} (LISTEN)".format(*held.getsockname())
        found = process_details.details_of(os.getpid())
    assert found is not None
    assert found.command and not found.files
    assert address in found.sockets


def test_text() -> None:
    plain = ProcessDetails(7, "sleep", "", ("sleep", "9"), 0.5)
    assert describe(plain) == "still there: sleep (pid 7): sleep 9; 0.50 s of CPU time"
