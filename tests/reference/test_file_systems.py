"""A cache or project on a file system without flock or rename-exchange. A seccomp filter makes these calls fail."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.conftest import LAUNCHER, Sandbox
from tests.reference.failing_call import NUMBERS
from tests.reference.test_sync import installed_value

FAILING_CALL = Path(__file__).with_name("failing_call.py")

pytestmark = pytest.mark.skipif(
    platform.machine() not in NUMBERS or sys.platform != "linux", reason="the filter is written for x86-64 and arm64"
)


def run_without(sandbox: Sandbox, call: str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the launcher with a system call that fails, and wait for its end."""
    return subprocess.run(
        [sys.executable, str(FAILING_CALL), call, *LAUNCHER, *words],
        cwd=cwd or sandbox.work,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("call", ["flock", "flock-exclusive"])
@pytest.mark.parametrize("words", [("run", "--with", "proctor-tool", "true"), ("tool", "run", "proctor-tool")])
def test_without_flock_nothing_is_made(sandbox: Sandbox, words: tuple[str, ...], call: str) -> None:
    result = run_without(sandbox, call, *words)
    assert result.returncode == 125
    assert "has no flock(2) on directories" in result.stderr
    assert "--cache-dir" in result.stderr
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_without_flock_nothing_is_pruned(sandbox: Sandbox) -> None:
    assert sandbox.run("tool", "run", "proctor-tool").returncode == 0
    whole = sandbox.cache_entries("environments")
    result = run_without(sandbox, "flock", "cache", "prune")
    assert result.returncode == 125
    assert "has no flock(2) on directories" in result.stderr
    assert sandbox.cache_entries("environments") == whole


@pytest.mark.parametrize("mode", ["--exec", "--supervise"])
def test_without_exclusive_flock_a_tool_in_the_cache_still_runs(sandbox: Sandbox, mode: str) -> None:
    """Its environment exists, so nothing is made. The leftover cannot be removed, and that is no error."""
    assert sandbox.run("tool", "run", "proctor-tool").returncode == 0
    (sandbox.cache / "trash" / "left").mkdir(parents=True)
    words = [
        sys.executable,
        str(FAILING_CALL),
        "flock-exclusive",
        *LAUNCHER,
        "tool",
        "run",
        "proctor-tool",
        mode,
        "late",
    ]
    tool = subprocess.Popen(
        words,
        env=sandbox.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tool.stdout
    assert tool.stdout.readline().endswith(" late\n")
    assert len(sandbox.processes()) == (4 if mode == "--supervise" else 2)
    output, error = tool.communicate("\n", timeout=60)
    assert (tool.returncode, output, error) == (0, "late\n", "")
    sandbox.wait_for_all_processes()
    assert sandbox.cache_entries("trash") == ["left"]


def test_without_exchange_a_sync_takes_two_steps(sandbox: Sandbox) -> None:
    project = sandbox.project()
    before = sorted(os.listdir(project))
    for number in ("1", "2", "3"):
        (project / "source.py").write_text(f"VALUE = {number}\n")
        result = run_without(sandbox, "renameat2", "sync", cwd=project)
        assert (result.returncode, result.stderr) == (0, "")
        assert installed_value(project) == number
        assert sorted(os.listdir(project)) == sorted([*before, ".venv"])
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_the_filter_makes_exactly_one_call_fail(tmp_path: Path) -> None:
    """Without this, the other tests here would prove nothing."""
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
        words = [sys.executable, str(FAILING_CALL), call, sys.executable, "-c", code]
        output = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=True).stdout
        assert output.strip() == fails
