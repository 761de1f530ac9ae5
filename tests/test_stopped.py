"""Without a PID namespace a launcher can stop the runner and its guardian: the run ends, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from proctor.conformance.scenarios.signals import finish
from proctor.harness import execute as door
from proctor.harness import settings, stopped
from proctor.harness.errors import HarnessError
from proctor.harness.history import TempFilesLeft, WaitFailed
from proctor.harness.scenario import Scenario
from proctor.harness.target import BARE, Target
from tests.conftest import ROOT
from tests.test_nothing_left import WITHIN, nothing_left

STOPS = ROOT / "tests" / "hostile" / "stops.py"
END = Scenario(finish(5))
PLAYS = """
import sys
from proctor.conformance.scenarios.signals import finish
from proctor.harness import execute as door
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target
door.execute(Target("stops", tuple(sys.argv[1:])), Scenario(finish(5)))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a TMPDIR of our own, in which launchers are played without a PID namespace."""
    path = tmp_path / "t"
    path.mkdir()
    door.stop()
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setenv(settings.CONTAINMENT, "subreaper")
    yield path
    door.stop()


def stops(how: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-S", str(STOPS), how


@pytest.mark.parametrize("how", ["runner", "both", "again", "kills"])
def test_a_launcher_that_stops_the_runner_is_an_error_and_leaves_nothing(place: Path, how: str) -> None:
    with pytest.raises(HarnessError, match=r"the runner died\. This says nothing about the launcher"):
        door.execute(Target("stops", stops(how)), END)
    nothing_left(place)
    assert not door.execute(BARE, END).facts(WaitFailed)


def test_what_is_said_names_the_cause(place: Path) -> None:
    with pytest.raises(HarnessError, match=r"the runner was stopped by signal 19: without a PID namespace a launcher"):
        door.execute(Target("stops", stops("both")), END)
    nothing_left(place)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_end_of_the_worker_wakes_up_what_was_stopped(place: Path, number: int) -> None:
    """The worker is stopped here as well, so that it cannot do so itself."""
    with subprocess.Popen([sys.executable, "-c", PLAYS, *stops("both")], cwd=ROOT) as worker:
        try:
            guardian = guardian_with_launcher(worker)
            worker.send_signal(signal.SIGSTOP)
            until_stopped(guardian, guardian.children()[0])
        finally:
            worker.send_signal(number)
            worker.send_signal(signal.SIGCONT)
    nothing_left(place)


def guardian_with_launcher(worker: subprocess.Popen[bytes]) -> psutil.Process:
    """Wait until the runner of a worker has started the launcher; return the guardian."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        for child in psutil.Process(worker.pid).children():
            if len(child.children(recursive=True)) > 1:
                return child
    raise AssertionError("no launcher was started")


def until_stopped(*processes: psutil.Process) -> None:
    deadline = time.monotonic() + WITHIN
    while any(process.status() != psutil.STATUS_STOPPED for process in processes):
        assert time.monotonic() < deadline, [process.status() for process in processes]


def test_a_child_that_was_stopped_is_continued_once() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert not stopped.resume(child.pid)
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        assert stopped.resume(child.pid)
        os.waitid(os.P_PID, child.pid, os.WCONTINUED)
        assert not stopped.resume(child.pid)
        child.kill()
    assert not stopped.resume(child.pid)


LOCKS = 'cd "$TMPDIR" && mkdir -p d/e && touch a d/e/f && chattr +a d/e/f a && chattr +i d/e d .. && '
"""What a launcher does so that nobody can remove its files; ioctl_iflags(2)."""


def locks(then: str) -> tuple[str, ...]:
    return "/bin/sh", "-c", LOCKS + then, "sh"


@pytest.fixture
def lockable(place: Path) -> Path:
    """Return a TMPDIR in which files can be made immutable."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a file immutable")
    probe = place.parent / "probe"
    probe.touch()
    if subprocess.run(["chattr", "+i", probe], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this file system has no such attributes")
    subprocess.run(["chattr", "-i", probe], check=True)
    return place


@pytest.mark.parametrize("wish", ["namespace", "subreaper"])
def test_files_that_may_not_be_changed_are_removed(lockable: Path, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    monkeypatch.setenv(settings.CONTAINMENT, wish)
    history = door.execute(Target("locks", locks('exec "$@"')), END)
    assert history.facts(TempFilesLeft)[0].paths == ("a", "d")
    # the next execution in this place finds it empty
    assert not door.execute(Target("locks", ("/usr/bin/env",)), END).facts(TempFilesLeft)
    door.execute(Target("locks", locks('exec "$@"')), END)
    door.stop()
    assert os.listdir(lockable) == []


def test_they_are_removed_after_the_worker_was_killed(lockable: Path) -> None:
    words = [sys.executable, "-c", PLAYS, *locks('touch "$HOME/locked" && exec sleep 60')]
    deadline = time.monotonic() + WITHIN
    with subprocess.Popen(words, cwd=ROOT) as worker:
        while not list(lockable.glob("*/*/home/locked")):
            assert time.monotonic() < deadline
        worker.kill()
    nothing_left(lockable)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_what_cannot_be_removed_is_named(place: Path) -> None:
    """In a mount namespace of its own, for the launcher leaves a mount. Without the right to make a further one, which
    would end with the runner, and the mount with it."""
    if subprocess.run(["unshare", "--mount", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no mount namespaces here")
    mounts = 'mkdir "$TMPDIR/m" && mount -t tmpfs none "$TMPDIR/m" && exec "$@"'
    fewer = [sys.executable, str(ROOT / "tests" / "hostile" / "without.py"), "namespaces"]
    words = ["unshare", "--mount", *fewer, sys.executable, "-c", PLAYS, "/bin/sh", "-c", mounts, "sh"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN, check=False)
    (left,) = place.iterdir()
    assert f"proctor: {left} is left; remove it by hand: guardian: cannot remove {left}" in done.stderr, done.stderr
