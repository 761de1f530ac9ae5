"""What a launcher leaves in /tmp and /var/tmp is noticed and removed; what others create there is not touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from proctor.harness import execute as door
from proctor.harness.history import TempFilesLeft
from proctor.harness.orders import Exit
from proctor.harness.runner.observe.created_files import named_in
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.target import Target
from tests.conftest import ROOT

SOON = 20.0
"""Seconds; it takes a fraction of one."""
LEAVES = """
d=$(mktemp -d -p /var/tmp proctor-test.XXXXXX)
: > "$d/inside"
f=$(mktemp -p /tmp proctor-test.XXXXXX)
ln -s nowhere "$f-link"
g=$(mktemp -p /tmp proctor-test.XXXXXX)
mv "$g" "$1"
shift
exec "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="fanotify(7) tells only root which process has created a file")
@pytest.mark.usefixtures("contained")
def test_only_what_the_launcher_leaves_is_removed() -> None:
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="proctor-others.") as others:
        of_others = Path(others.name)
        of_launcher = Path(f"/tmp/proctor-written.{os.getpid()}")
        of_launcher.write_text("there before")
        try:
            target = Target("leaves", ("/bin/sh", "-c", LEAVES, "sh", str(of_launcher)))
            history = door.execute(target, Scenario((Order(Exit(0)), WaitEnds())))
            (left,) = history.facts(TempFilesLeft)
            kinds = [(path.split(".")[0], path.endswith("-link")) for path in left.paths]
            assert kinds == [
                ("/tmp/proctor-test", False),
                ("/tmp/proctor-test", True),
                ("/var/tmp/proctor-test", False),
            ]
            assert not any(map(os.path.lexists, left.paths))
            assert of_others.exists() and of_launcher.exists()
        finally:
            of_launcher.unlink(missing_ok=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="fanotify(7) tells only root which process has created a file")
@pytest.mark.usefixtures("contained")
def test_a_name_that_others_have_removed_is_the_launchers_afterwards() -> None:
    """Events of one process may come as one: created and removed."""
    path = Path(f"/tmp/proctor-again.{os.getpid()}")
    plain = Scenario((Order(Exit(0)), WaitEnds()))
    writes = Target("writes", ("/bin/sh", "-c", ': > "$1"; shift; exec "$@"', "sh", str(path)))
    door.execute(Target("env", ("env",)), plain)
    for before in (("created", "removed"), ("created", "seen", "removed")):
        for act in before:
            match act:
                case "created":
                    path.touch()
                case "removed":
                    path.unlink()
                case _:
                    door.execute(Target("env", ("env",)), plain)
        assert [fact.paths for fact in door.execute(writes, plain).facts(TempFilesLeft)] == [(str(path),)]
        assert not path.exists()


def test_what_is_no_event_has_no_name() -> None:
    for records in (b"", b"\0", bytes(20), bytes(100), b"\2\0\0\0" + bytes(16)):
        assert not [name for _, name in named_in(records) if name]


WAITS = """
d=/tmp/proctor-shared.$1
mkdir -p -m 1777 "$d"; chmod 1777 "$d"
: > "$d/of-launcher"
: > "/tmp/proctor-lock.$1"
shift
exec "$@"
"""
PLAYS = """
import os, sys
from proctor.harness.execute import execute
from proctor.harness.scenario import Scenario, WaitEnds
from proctor.harness.target import Target
target = Target("waits", ("/bin/sh", "-c", sys.argv[1], "sh", sys.argv[2]))
execute(target, Scenario((WaitEnds(),), start_within=60.0))
"""


def names_of(kind: str) -> list[Path]:
    return list(Path("/tmp").glob(f"proctor-{kind}.{os.getpid()}*"))


def until(come: Callable[[], bool]) -> None:
    """Wait for what no process here causes."""
    deadline = time.monotonic() + SOON
    while not come():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(os.geteuid() != 0, reason="fanotify(7) tells only root which process has created a file")
@pytest.mark.usefixtures("contained", "no_runner_is_left")
def test_a_directory_for_all_is_removed_with_the_runner() -> None:
    """Other launchers may be using it meanwhile. What a launcher creates in it is the launcher's."""
    target = Target("waits", ("/bin/sh", "-c", WAITS, "sh", str(os.getpid())))
    for _ in range(2):
        (left,) = door.execute(target, Scenario((Order(Exit(0)), WaitEnds()))).facts(TempFilesLeft)
        assert left.paths == (f"/tmp/proctor-lock.{os.getpid()}", f"/tmp/proctor-shared.{os.getpid()}/of-launcher")
        assert not any(map(os.path.lexists, left.paths)) and names_of("shared")
    door.stop()
    assert not names_of("shared")


@pytest.mark.skipif(os.geteuid() != 0, reason="fanotify(7) tells only root which process has created a file")
@pytest.mark.usefixtures("contained", "no_runner_is_left")
def test_a_directory_for_all_that_others_use_stays() -> None:
    target = Target("waits", ("/bin/sh", "-c", WAITS, "sh", str(os.getpid())))
    door.execute(target, Scenario((Order(Exit(0)), WaitEnds())))
    (shared,) = names_of("shared")
    of_others = shared / "of-others"
    of_others.touch()
    try:
        door.execute(target, Scenario((Order(Exit(0)), WaitEnds())))
        door.stop()
        assert list(shared.iterdir()) == [of_others]
    finally:
        of_others.unlink()
        shared.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="fanotify(7) tells only root which process has created a file")
@pytest.mark.usefixtures("contained")
def test_nothing_is_left_when_proctor_is_killed() -> None:
    """In the middle of an execution."""
    words = [sys.executable, "-c", PLAYS, WAITS.replace('"$@"', "sleep 60"), str(os.getpid())]
    proctor = subprocess.Popen(words, cwd=ROOT)
    until(lambda: len(names_of("shared")) + len(names_of("lock")) == 2)
    proctor.kill()
    proctor.wait()
    until(lambda: not names_of("shared") and not names_of("lock"))
