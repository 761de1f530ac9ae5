"""sync: .venv is not there, or the previous one whole, or the new one whole; and the project stays clean."""

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

from tests.reference.conftest import Place


def value(project: Path) -> str:
    """Return what the environment says: it is run, and every module of it is imported."""
    script = "import project, proctor_tool.late; print(project.VALUE)"
    words = [str(project / ".venv" / "bin" / "python"), "-B", "-c", script]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def test_a_project_is_installed_and_stays_clean(place: Place) -> None:
    project = place.project()
    before = sorted(os.listdir(project))
    done = place.run("sync", cwd=project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert value(project) == "1"
    assert sorted(os.listdir(project)) == sorted([*before, ".venv"])
    tool = project / ".venv" / "bin" / "proctor-tool"
    assert subprocess.check_output([tool], text=True).strip() == str(project / ".venv")
    for path in (project / ".venv").rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            assert b"/building/" not in path.read_bytes(), path
    place.await_quiet()
    assert place.leftovers() == []


def test_what_is_up_to_date_is_left_alone_and_what_is_damaged_is_not(place: Place) -> None:
    project = place.project()
    place.run("sync", cwd=project)
    first = (project / ".venv").stat().st_ino
    assert place.run("sync", cwd=project).returncode == 0
    assert (project / ".venv").stat().st_ino == first
    next((project / ".venv").rglob("late.py")).unlink()
    assert place.run("sync", cwd=project).returncode == 0
    assert value(project) == "1"
    (project / "source.py").write_text("VALUE = 22\n")
    assert place.run("sync", cwd=project).returncode == 0
    assert value(project) == "22"
    assert place.leftovers() == []


def test_an_interrupted_sync_leaves_the_previous_environment(place: Place) -> None:
    project = place.project()
    place.run("sync", cwd=project)
    (project / "source.py").write_text("VALUE = 2\n")
    sync = place.start("sync", cwd=project, variables={"REACHED": str(place.fifo())})
    place.fifo().read_text()
    assert value(project) == "1"
    sync.send_signal(signal.SIGINT)
    assert sync.wait(1) == -signal.SIGINT
    sync.communicate()
    place.await_quiet()
    assert value(project) == "1"
    assert place.leftovers() == []
    assert place.run("sync", cwd=project).returncode == 0
    assert value(project) == "2"


def test_at_random_moments_it_is_one_or_the_other(place: Place) -> None:
    project = place.project()
    place.run("sync", cwd=project)
    chance = random.Random(5)
    allowed = {"1"}
    for number in range(2, 12):
        (project / "source.py").write_text(f"VALUE = {number}\n")
        allowed.add(str(number))
        sync = place.start("sync", cwd=project)
        try:
            sync.wait(0.03 + chance.random())
        except subprocess.TimeoutExpired:
            sync.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
        sync.communicate()
        place.await_quiet()
        assert value(project) in allowed
        assert place.leftovers() == []
        assert sorted(os.listdir(project)) == [".venv", "backend.py", "pyproject.toml", "source.py"]


def test_where_exchange_is_not_to_be_had_two_steps_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "exchange", Mock(side_effect=OSError(errno.EINVAL, "")))
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    exchange.put_in_place(str(tmp_path / "new"), str(tmp_path / "target"), str(tmp_path / "old"))
    assert os.listdir(tmp_path / "target") == ["new"]
    assert os.listdir(tmp_path / "old") == ["target"]


def test_an_exchange_exchanges(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_text(name)
    exchange.exchange(str(tmp_path / "one"), str(tmp_path / "other"))
    assert (tmp_path / "one").read_text() == "other"


def test_a_cache_on_another_file_system(place: Place) -> None:
    shared_memory = Path("/dev/shm")
    if not os.access(shared_memory, os.W_OK) or shared_memory.stat().st_dev == place.top.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    cache = shared_memory / f"proctor-{os.urandom(4).hex()}"
    project = place.project()
    try:
        for number in (1, 2):
            (project / "source.py").write_text(f"VALUE = {number}\n")
            done = place.run("sync", "--cache-dir", str(cache), cwd=project)
            assert (done.returncode, done.stderr) == (0, "")
            assert value(project) == str(number)
            assert sorted(os.listdir(project)) == [".venv", "backend.py", "pyproject.toml", "source.py"]
    finally:
        subprocess.run(["rm", "-rf", cache], check=True)


def test_without_a_build_system_only_what_it_needs_is_installed(place: Place) -> None:
    (place.work / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["proctor-tool"]\n'
    )
    assert place.run("sync").returncode == 0
    assert (place.work / ".venv" / "bin" / "proctor-tool").exists()


def test_another_interpreter_replaces_the_environment(place: Place) -> None:
    project = place.project()
    place.run("sync", cwd=project)
    other = "/usr/bin/python3"
    version = "import sys; print(sys.version)"
    try:
        theirs = subprocess.check_output([other, "-c", version])
    except OSError:
        theirs = b""
    if theirs in (b"", subprocess.check_output([sys.executable, "-c", version])):
        pytest.skip("there is no second interpreter at /usr/bin/python3")
    sync = place.start("sync", "--python", other, cwd=project, variables={"REACHED": str(place.fifo())})
    place.fifo().read_text()
    sync.kill()
    sync.communicate()
    place.await_quiet()
    done = place.run("sync", "--python", other, cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert subprocess.check_output([project / ".venv" / "bin" / "python", "-c", version]) == theirs
    assert value(project) == "1"


def test_what_is_no_environment_is_not_replaced(place: Place) -> None:
    project = place.project()
    (project / ".venv").mkdir()
    (project / ".venv" / "thesis.txt").write_text("")
    done = place.run("sync", cwd=project)
    assert done.returncode == 125
    assert "is there and is no virtual environment: move it away" in done.stderr
    assert (project / ".venv" / "thesis.txt").exists()
