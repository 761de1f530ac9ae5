"""sync: .venv is absent, or complete and old, or complete and new; the project gets no other file."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from reference_launcher import exchange

from tests.reference.conftest import Sandbox


def installed_value(project: Path) -> str:
    """Return project.VALUE of the environment. All its modules are imported for that."""
    script = "import project, proctor_tool.late; print(project.VALUE)"
    words = [str(project / ".venv" / "bin" / "python"), "-B", "-c", script]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def test_a_project_is_installed_and_gets_no_file_but_the_environment(sandbox: Sandbox) -> None:
    project = sandbox.project()
    before = sorted(os.listdir(project))
    result = sandbox.run("sync", cwd=project)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert installed_value(project) == "1"
    assert sorted(os.listdir(project)) == sorted([*before, ".venv"])
    tool = project / ".venv" / "bin" / "proctor-tool"
    assert subprocess.check_output([tool], text=True).strip() == str(project / ".venv")
    for path in (project / ".venv").rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            assert b"/building/" not in path.read_bytes(), path
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_an_environment_is_replaced_only_if_it_is_damaged_or_old(sandbox: Sandbox) -> None:
    project = sandbox.project()
    sandbox.run("sync", cwd=project)
    first = (project / ".venv").stat().st_ino
    assert sandbox.run("sync", cwd=project).returncode == 0
    assert (project / ".venv").stat().st_ino == first
    next((project / ".venv").rglob("late.py")).unlink()
    assert sandbox.run("sync", cwd=project).returncode == 0
    assert installed_value(project) == "1"
    (project / "source.py").write_text("VALUE = 22\n")
    assert sandbox.run("sync", cwd=project).returncode == 0
    assert installed_value(project) == "22"
    assert sandbox.leftovers() == []


def test_an_interrupted_sync_leaves_the_previous_environment(sandbox: Sandbox) -> None:
    project = sandbox.project()
    sandbox.run("sync", cwd=project)
    (project / "source.py").write_text("VALUE = 2\n")
    sync = sandbox.start("sync", cwd=project, variables={"REACHED": str(sandbox.reached_fifo())})
    sandbox.reached_fifo().read_text()
    assert installed_value(project) == "1"
    sync.send_signal(signal.SIGINT)
    assert sync.wait(1) == -signal.SIGINT
    sync.communicate()
    sandbox.wait_for_all_processes()
    assert installed_value(project) == "1"
    assert sandbox.leftovers() == []
    assert sandbox.run("sync", cwd=project).returncode == 0
    assert installed_value(project) == "2"


def test_a_sync_ended_at_a_random_moment_leaves_a_complete_environment(sandbox: Sandbox) -> None:
    project = sandbox.project()
    sandbox.run("sync", cwd=project)
    rng = random.Random(5)
    allowed = {"1"}
    for number in range(2, 12):
        (project / "source.py").write_text(f"VALUE = {number}\n")
        allowed.add(str(number))
        sync = sandbox.start("sync", cwd=project)
        try:
            sync.wait(0.03 + rng.random())
        except subprocess.TimeoutExpired:
            sync.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
        sync.communicate()
        sandbox.wait_for_all_processes()
        assert installed_value(project) in allowed
        assert sandbox.leftovers() == []
        assert sorted(os.listdir(project)) == [".venv", "backend.py", "pyproject.toml", "source.py"]


def test_two_renames_replace_a_directory_where_exchange_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "exchange", Mock(side_effect=OSError(errno.EINVAL, "")))
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    exchange.replace_directory(str(tmp_path / "new"), str(tmp_path / "target"), str(tmp_path / "old"))
    assert os.listdir(tmp_path / "target") == ["new"]
    assert os.listdir(tmp_path / "old") == ["target"]


def test_exchange_swaps_two_names(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    exchange.exchange(str(tmp_path / "first"), str(tmp_path / "second"))
    assert (tmp_path / "first").read_text() == "second"


def test_sync_works_with_a_cache_on_another_file_system(sandbox: Sandbox) -> None:
    shared_memory = Path("/dev/shm")
    if not os.access(shared_memory, os.W_OK) or shared_memory.stat().st_dev == sandbox.top.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    cache = shared_memory / f"proctor-{os.urandom(4).hex()}"
    project = sandbox.project()
    try:
        for number in (1, 2):
            (project / "source.py").write_text(f"VALUE = {number}\n")
            result = sandbox.run("sync", "--cache-dir", str(cache), cwd=project)
            assert (result.returncode, result.stderr) == (0, "")
            assert installed_value(project) == str(number)
            assert sorted(os.listdir(project)) == [".venv", "backend.py", "pyproject.toml", "source.py"]
    finally:
        subprocess.run(["rm", "-rf", cache], check=True)


def test_without_a_build_system_only_the_dependencies_are_installed(sandbox: Sandbox) -> None:
    (sandbox.work / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["proctor-tool"]\n'
    )
    assert sandbox.run("sync").returncode == 0
    assert (sandbox.work / ".venv" / "bin" / "proctor-tool").exists()


def test_sync_for_another_interpreter_replaces_the_environment(sandbox: Sandbox) -> None:
    project = sandbox.project()
    sandbox.run("sync", cwd=project)
    other = "/usr/bin/python3"
    version = "import sys; print(sys.version)"
    try:
        other_version = subprocess.check_output([other, "-c", version])
    except OSError:
        other_version = b""
    if other_version in (b"", subprocess.check_output([sys.executable, "-c", version])):
        pytest.skip("there is no second interpreter at /usr/bin/python3")
    sync = sandbox.start("sync", "--python", other, cwd=project, variables={"REACHED": str(sandbox.reached_fifo())})
    sandbox.reached_fifo().read_text()
    sync.kill()
    sync.communicate()
    sandbox.wait_for_all_processes()
    result = sandbox.run("sync", "--python", other, cwd=project)
    assert (result.returncode, result.stderr) == (0, "")
    assert subprocess.check_output([project / ".venv" / "bin" / "python", "-c", version]) == other_version
    assert installed_value(project) == "1"


def test_sync_does_not_replace_a_directory_that_is_no_environment(sandbox: Sandbox) -> None:
    project = sandbox.project()
    (project / ".venv").mkdir()
    (project / ".venv" / "thesis.txt").write_text("")
    result = sandbox.run("sync", cwd=project)
    assert result.returncode == 125
    assert "exists and is not a virtual environment: move it away" in result.stderr
    assert (project / ".venv" / "thesis.txt").exists()
