"""Launchers whose waits others end, or time ends in ways that /proc does not show: judged right, or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.conformance.checks import signals as checks
from proctor.conformance.judging.judge import Bare, judge
from proctor.conformance.scenarios.signals import finish, send
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import orders
from proctor.harness.execute import execute
from proctor.harness.history import History, SettleEnded, WaitFailed
from proctor.harness.scenario import JOB, Order, Scenario, Settle, Type, WaitAnswer
from proctor.harness.schedule import Schedule
from proctor.harness.target import BARE, Target
from tests.conftest import ROOT

SOURCE = ROOT / "tests" / "launchers_for_tests" / "polls.c"
ONE_TERM = Scenario((Settle(), *send(signal.SIGTERM), *finish(3)))
EVERY = 0.2
"""Seconds. The launcher looks so often, and somebody outside lets it go on so often."""


@pytest.fixture(scope="module")
def polls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("polls") / "polls"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE], check=True)
    return program


@pytest.fixture(scope="module")
def bare() -> History:
    return execute(BARE, ONE_TERM)


@contextlib.contextmanager
def daemon(every: float, ends: threading.Event) -> Iterator[int]:
    """Serve on a port: a byte to each client, and another one every so many seconds. Yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def serve(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                while not ends.wait(every):
                    client.send(b".")

        def accept() -> None:
            while not ends.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ends.set()
            thread.join()


@contextlib.contextmanager
def lock_holder(path: Path) -> Iterator[None]:
    """Hold the lock of a file, and give it up for a moment again and again."""
    ends = threading.Event()

    def hold() -> None:
        with path.open("w") as file:
            while not ends.is_set():
                fcntl.flock(file, fcntl.LOCK_EX)
                ends.wait(EVERY)
                fcntl.flock(file, fcntl.LOCK_UN)
                ends.wait(0.01)

    path.touch()
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def accused(program: Path, how: str, bare: History) -> list[str]:
    """Return the codes of what the launcher is accused of, and of what it did not do at all."""
    history = execute(Target(how, (str(program), how)), ONE_TERM)
    missed = [str(miss.awaited) for miss in history.facts(WaitFailed)]
    return [*missed, *(found.code for found in checks.exactly_once(history, bare))]


@pytest.mark.parametrize("how", ["nanosleep", "rcvtimeo", "udp", "io_uring", "message-queue", "timerfd", "int80"])
def test_a_launcher_that_polls_is_not_accused_whatever_it_sleeps_in(polls: Path, how: str, bare: History) -> None:
    if subprocess.run([polls, how, "/bin/true"], check=False).returncode:
        pytest.skip(f"{how}: not on this system")
    assert accused(polls, how, bare) == []


def test_a_launcher_that_a_daemon_lets_go_on_is_not_accused(polls: Path, bare: History) -> None:
    with daemon(EVERY, threading.Event()) as port:
        assert accused(polls, f"daemon:{port}", bare) == []


def test_a_launcher_that_a_lock_outside_lets_go_on_is_not_accused(polls: Path, bare: History, tmp_path: Path) -> None:
    with lock_holder(tmp_path / "lock"):
        assert accused(polls, f"lock:{tmp_path / 'lock'}", bare) == []


ASKS = """#!/usr/bin/python3 -IS
import os, socket, sys
with socket.create_connection(("127.0.0.1", {port})) as s: s.recv(1)
os.execv(sys.argv[1], sys.argv[1:])
"""


def asking(directory: Path, port: int) -> Target:
    """A launcher that asks a daemon before it becomes its command."""
    program = directory / "asks"
    program.write_text(ASKS.format(port=port))
    program.chmod(0o755)
    return Target("asks", (str(program),))


def test_a_start_that_waits_for_a_daemon_is_waited_for(tmp_path: Path) -> None:
    """With and without the explorer, which knows of a traced launcher that it rests."""
    with daemon(EVERY, threading.Event()) as port:
        target = asking(tmp_path, port)
        for schedule in (None, Schedule(record=True)):
            history = execute(target, Scenario(finish(3)), schedule)
            assert history.facts(WaitFailed) == []


def test_a_start_that_waits_for_a_daemon_in_vain_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door.stop()  # a runner reads it when it starts
    monkeypatch.setenv("PROCTOR_START_WITHIN", "1")
    with daemon(1000.0, threading.Event()) as port:
        judged = judge(
            requirements()["EXIT-1"], asking(tmp_path, port), Scenario(finish(3)),
            lambda history, bare: [], execute, Bare(execute),
        )  # fmt: skip
    assert judged.verdict == "error"
    assert f"127.0.0.1:{port}" in judged.reason
    assert "PROCTOR_START_WITHIN" in judged.reason
    door.stop()


@pytest.mark.skipif(not shutil.which("script"), reason="needs script: apt-get install bsdutils")
def test_a_launcher_with_a_pseudo_terminal_of_its_own_is_seen_at_rest(tmp_path: Path) -> None:
    """script(1) relays all bytes by a pseudo-terminal, through a work queue of the kernel."""
    program = tmp_path / "launcher"
    program.write_text('#!/bin/bash\nprintf -v line "%q " "$@"\nexec script -qec "$line" /dev/null\n')
    program.chmod(0o755)
    typed = (Order(orders.Read(5)), Settle(), Type(b"line\n"), WaitAnswer("read"))
    history = execute(Target("relay", (str(program),)), Scenario((Settle(), *typed, *finish(3)), JOB))
    assert history.facts(WaitFailed) == []
    assert {fact.how for fact in history.facts(SettleEnded)} == {"quiescent"}
