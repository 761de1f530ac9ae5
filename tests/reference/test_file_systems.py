"""A cache or project on a file system without flock or rename-exchange: the very calls fail, by a seccomp filter."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.conftest import LAUNCHER, Place
from tests.reference.refusing import NUMBERS
from tests.reference.test_sync import value

REFUSING = Path(__file__).with_name("refusing.py")

pytestmark = pytest.mark.skipif(
    platform.machine() not in NUMBERS or sys.platform != "linux", reason="the filter is written for x86-64 and arm64"
)


def run_without(place: Place, call: str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the launcher to its end where this call fails."""
    return subprocess.run(
        [sys.executable, str(REFUSING), call, *LAUNCHER, *words],
        cwd=cwd or place.work,
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("call", ["flock", "flock-exclusive"])
@pytest.mark.parametrize("words", [("run", "--with", "proctor-tool", "true"), ("tool", "run", "proctor-tool")])
def test_without_flock_nothing_is_made(place: Place, words: tuple[str, ...], call: str) -> None:
    done = run_without(place, call, *words)
    assert done.returncode == 125
    assert "has no flock(2) on directories" in done.stderr
    assert "--cache-dir" in done.stderr
    place.await_quiet()
    assert place.leftovers() == []


def test_without_flock_nothing_is_pruned(place: Place) -> None:
    assert place.run("tool", "run", "proctor-tool").returncode == 0
    whole = place.names("environments")
    done = run_without(place, "flock", "cache", "prune")
    assert done.returncode == 125
    assert "has no flock(2) on directories" in done.stderr
    assert place.names("environments") == whole


@pytest.mark.parametrize("mode", ["--exec", "--supervise"])
def test_a_lease_that_nobody_can_take_for_removing_does_not_end_what_runs(place: Place, mode: str) -> None:
    """The environment is there already, so that nothing has to be made; something is left over, to be collected."""
    assert place.run("tool", "run", "proctor-tool").returncode == 0
    (place.cache / "trash" / "left").mkdir(parents=True)
    words = [sys.executable, str(REFUSING), "flock-exclusive", *LAUNCHER, "tool", "run", "proctor-tool", mode, "late"]
    tool = subprocess.Popen(
        words,
        env=place.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tool.stdout
    assert tool.stdout.readline().endswith(" late\n")
    assert len(place.janitors()) == (3 if mode == "--supervise" else 2)
    said, complaint = tool.communicate("\n", timeout=60)
    assert (tool.returncode, said, complaint) == (0, "late\n", "")
    place.await_quiet()
    assert place.names("trash") == ["left"]


def test_without_exchange_a_sync_takes_two_steps(place: Place) -> None:
    project = place.project()
    before = sorted(os.listdir(project))
    for number in ("1", "2", "3"):
        (project / "source.py").write_text(f"VALUE = {number}\n")
        done = run_without(place, "renameat2", "sync", cwd=project)
        assert (done.returncode, done.stderr) == (0, "")
        assert value(project) == number
        assert sorted(os.listdir(project)) == sorted([*before, ".venv"])
    place.await_quiet()
    assert place.leftovers() == []


def test_the_filter_does_what_it_is_for(tmp_path: Path) -> None:
    """Else these tests would show nothing."""
    code = (
        "import ctypes, fcntl, os, sys\n"
        "os.mkdir('a'); os.mkdir('b'); fd = os.open('a', os.O_RDONLY)\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "try: fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB), fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except OSError as error: print('flock', error.errno)\n"
        "if libc.renameat2(-100, b'a', -100, b'b', 2): print('renameat2', ctypes.get_errno())\n"
    )
    for call, fails in (("flock", "flock 95"), ("flock-exclusive", "flock 9"), ("renameat2", "renameat2 22")):
        directory = tmp_path / call
        directory.mkdir()
        words = [sys.executable, str(REFUSING), call, sys.executable, "-c", code]
        said = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=True).stdout
        assert said.strip() == fails
