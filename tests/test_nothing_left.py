"""However the suite ends, nothing of it is left: no process, no file under TMPDIR, no mount, no cgroup."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from proctor.harness import execute as door
from proctor.harness import orders
from proctor.harness.errors import HarnessError
from proctor.harness.history import WaitFailed
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.target import BARE
from tests.conftest import ROOT

KILLS = 50
AT_ONCE = 5
"""Suites that are run side by side to be killed: each waits for itself."""
SPREAD = 3.0
WITHIN = 60.0
"""Seconds until all has to be gone; it takes some milliseconds, and longer on a machine that does other things."""
SUITE = ["conformance/", "--target=dumb-init", "-v", "-p", "no:cacheprovider"]
FAST = ["-k", "EXIT-1 or SIG-1 or TTY-1"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a TMPDIR of our own: what is left is found by it."""
    path = tmp_path / "t"
    path.mkdir()
    return path


def start(place: Path, *words: str, wish: str = "namespace") -> subprocess.Popen[bytes]:
    """Start the suite, in a process group of its own."""
    env = os.environ | {"TMPDIR": str(place), "PROCTOR_CONTAINMENT_WISH": wish, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", *SUITE, *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        process_group=0,
    )  # fmt: skip


def processes_of(place: Path) -> list[int]:
    """Return the pids of the processes whose TMPDIR, scratch or arguments are in this directory."""
    found = []
    for process in psutil.process_iter():
        words: list[str] = []
        with contextlib.suppress(psutil.Error):
            words += process.cmdline()
        with contextlib.suppress(psutil.Error):
            words += process.environ().values()
        if process.pid != os.getpid() and any(str(place) in word for word in words):
            found.append(process.pid)
    return found


def mounts_and_groups() -> set[str]:
    """Return the mounts and control groups with our name in them."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    groups = Path("/sys/fs/cgroup").glob("**/*proctor*")
    return {f"mount {line}" for line in mounts if "proctor" in line} | {f"cgroup {group}" for group in groups}


THERE_BEFORE = mounts_and_groups()
"""A checkout in a directory named proctor may be a mount itself, as in a container."""


def traces_of(place: Path) -> list[str]:
    """Return what there is of a suite that ran with this TMPDIR."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [
        *(f"process {pid}" for pid in processes_of(place)),
        # pytest's own directory stays, as pytest wants it; xdist makes one
        *(f"file {name}" for name in os.listdir(place) if not name.startswith("pytest-of-")),
        *(f"mount {line}" for line in mounts if str(place) in line),
        *sorted(mounts_and_groups() - THERE_BEFORE),
    ]


def wait_for_first_results(running: subprocess.Popen[bytes]) -> None:
    assert running.stdout
    printed = b""
    while printed.count(b"PASSED") < 5:
        data = os.read(running.stdout.fileno(), 4096)
        assert data, printed.decode()
        printed += data


def nothing_left(place: Path) -> None:
    deadline = time.monotonic() + WITHIN
    while traces := traces_of(place):
        assert time.monotonic() < deadline, f"left: {traces}"
        time.sleep(0.01)


def named(place: Path, name: str) -> list[int]:
    """Return those of these processes that were started as a program of this name."""
    found = []
    for pid in processes_of(place):
        with contextlib.suppress(psutil.Error):
            if Path(psutil.Process(pid).cmdline()[0]).name == name:
                found.append(pid)
    return found


def runner_of(guardian: int) -> int:
    return psutil.Process(guardian).children()[0].pid


@pytest.mark.parametrize("wish", ["namespace", "subreaper"])
def test_sigkill_at_random_moments(place: Path, wish: str) -> None:
    moments = random.Random(wish)
    kills = KILLS if wish == "namespace" else KILLS // 5
    for number in range(0, kills, AT_ONCE):
        places = [place / str(number + i) for i in range(AT_ONCE)]
        for own in places:
            own.mkdir()
        running = [start(own, wish=wish) for own in places]
        begin = time.monotonic()
        # the moment itself is what is random here, so this is the one place that waits for time
        for at, index in sorted((moments.uniform(0, SPREAD), i) for i in range(AT_ONCE)):
            time.sleep(max(0.0, begin + at - time.monotonic()))
            running[index].kill()
        for ended, own in zip(running, places, strict=True):
            ended.communicate()
            nothing_left(own)


@pytest.fixture(params=[[], ["-n", "2"]], ids=["one", "xdist"])
def suite(request: pytest.FixtureRequest, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A suite that has started and plays scenarios."""
    with start(place, *FAST, *request.param) as running:
        try:
            wait_for_first_results(running)
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_pytest(suite: subprocess.Popen[bytes], place: Path, number: int) -> None:
    suite.send_signal(number)
    suite.wait(WITHIN)
    nothing_left(place)


def test_ctrl_c(suite: subprocess.Popen[bytes], place: Path) -> None:
    """How long that takes is no test's affair, but benchmarks/bench.py's."""
    os.killpg(suite.pid, signal.SIGINT)
    assert suite.stdout
    printed = suite.stdout.read()
    suite.wait(WITHIN)
    nothing_left(place)
    assert b"dumb-init: " in printed, printed.decode()
    assert b"= summary =" in printed


def play_often() -> None:
    """Play until the runner is found to have been killed."""
    for _ in range(1000):
        door.execute(
            BARE,
            Scenario((Order(orders.Spawn("grandchild", orphan=True, session=True)), Order(orders.Exit(0)), WaitEnds())),
        )


@pytest.mark.parametrize("wish", ["namespace", "subreaper"])
@pytest.mark.parametrize("victim", ["proctor.harness.runner", "guardian"])
def test_sigkill_of_the_runner_or_its_guardian(
    place: Path, monkeypatch: pytest.MonkeyPatch, wish: str, victim: str
) -> None:
    door.stop()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("PROCTOR_CONTAINMENT_WISH", wish)
    door.execute(BARE, Scenario((Order(orders.Exit(0)), WaitEnds())))
    runner = door._runner
    assert runner
    guardian = runner._process.pid
    os.kill(guardian if victim == "guardian" else runner_of(guardian), signal.SIGKILL)
    with pytest.raises(HarnessError, match=r"This says nothing about the launcher"):
        play_often()
    nothing_left(place)
    assert not door.execute(BARE, Scenario((Order(orders.Exit(0)), WaitEnds()))).facts(WaitFailed)
    door.stop()
    nothing_left(place)


@pytest.mark.parametrize("victim", ["proctor.harness.runner", "guardian"])
def test_the_suite_goes_on_when_a_runner_is_killed(place: Path, victim: str) -> None:
    with start(place, "-k", "EXIT-1") as running:
        try:
            wait_for_first_results(running)
            guardian = named(place, "guardian")[0]
            os.kill(guardian if victim == "guardian" else runner_of(guardian), signal.SIGKILL)
            assert running.stdout
            printed = running.stdout.read()
            running.wait(WITHIN)
        finally:
            running.kill()
    assert running.returncode == 3, printed.decode()
    assert b"the runner died" in printed
    assert printed.count(b"ERROR [") == 1, printed.decode()
    nothing_left(place)


def explore(place: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start the explorer, in a process group of its own."""
    env = os.environ | {"TMPDIR": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    words = ["explore", "dumb-init", "--exhaustive", f"--workers={workers}", f"--cases={place}/pytest-of-cases"]
    command = [sys.executable, "-c", "from proctor.conformance.cli.main import main; main()", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        process_group=0,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
def test_explorer_is_killed_at_random_moments(place: Path, workers: int) -> None:
    moments = random.Random(workers)
    for _ in range(8):
        with explore(place, workers) as running:
            time.sleep(moments.uniform(0.2, 3.0))  # the moment itself is what is random here
            running.kill()
        nothing_left(place)


def test_explorer_keeps_what_it_has_at_a_ctrl_c(place: Path) -> None:
    with explore(place, workers=2) as running:
        assert running.stdout
        time.sleep(2.5)  # somewhere in the middle, wherever that is
        os.killpg(running.pid, signal.SIGINT)
        said, _ = running.communicate(timeout=WITHIN)
    assert running.returncode in (130, 1), said.decode()
    if running.returncode == 130:
        assert b"Traceback" not in said, said.decode()
    nothing_left(place)
