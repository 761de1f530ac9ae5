"""The build backend of the project, as PEP 517 and PEP 660 want it, and as real frontends use it."""

from __future__ import annotations

import csv
import importlib.util
import inspect
import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from proctor.harness.runner.start import project
from proctor.harness.runner.start.spawn import Place
from proctor.harness.target import Target

SETTINGS = "config_settings"
BUILDS = ("wheel_directory", SETTINGS, "metadata_directory")
HOOKS = {
    "build_wheel": BUILDS,
    "build_editable": BUILDS,
    "build_sdist": ("sdist_directory", SETTINGS),
    "prepare_metadata_for_build_wheel": ("metadata_directory", SETTINGS),
    "prepare_metadata_for_build_editable": ("metadata_directory", SETTINGS),
    "get_requires_for_build_wheel": (SETTINGS,),
    "get_requires_for_build_editable": (SETTINGS,),
    "get_requires_for_build_sdist": (SETTINGS,),
}
"""The hooks of PEP 517 and PEP 660, with the names of their parameters: frontends pass them by name."""
INFO = "proctor_project-1.0.dist-info"
WHEEL = "proctor_project-1.0-py3-none-any.whl"
SDIST = "proctor_project-1.0.tar.gz"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place with the project in its working directory."""
    made = Place(tmp_path / "work", tmp_path / "home", tmp_path / "tmp")
    made.work.mkdir()
    project.lay_out(Target("t", ("run",), sync=("sync",)), made)
    return made


@pytest.fixture
def backend(place: Place) -> ModuleType:
    return loaded(place.work)


def loaded(directory: Path) -> ModuleType:
    """Return the backend that is in a project."""
    found = importlib.util.spec_from_file_location("slow_backend", directory / "backend" / "slow_backend.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_hooks_are_those_of_the_peps(backend: ModuleType) -> None:
    for name, parameters in HOOKS.items():
        signature = inspect.signature(getattr(backend, name)).parameters
        assert tuple(signature) == parameters, name
        assert signature[SETTINGS].default is None


def test_wheel_has_the_metadata_that_was_prepared(backend: ModuleType, tmp_path: Path) -> None:
    assert backend.prepare_metadata_for_build_wheel(str(tmp_path), config_settings={}) == INFO
    for build in (backend.build_wheel, backend.build_editable):
        assert build(str(tmp_path), config_settings={}, metadata_directory=str(tmp_path / INFO)) == WHEEL
        with zipfile.ZipFile(tmp_path / WHEEL) as archive:
            for path in (tmp_path / INFO).iterdir():
                assert archive.read(f"{INFO}/{path.name}") == path.read_bytes()
            rows = list(csv.reader(io.StringIO(archive.read(f"{INFO}/RECORD").decode())))
            assert [name for name, _, _ in rows] == archive.namelist()
            assert all(digest and size == str(archive.getinfo(name).file_size) for name, digest, size in rows[:-1])


def test_metadata_has_what_the_project_declares(backend: ModuleType, place: Place) -> None:
    path = place.work / "pyproject.toml"
    path.write_text(path.read_text().replace('["proctor-tool"]', '["proctor-tool @ file:///w.whl", "other>=1"]'))
    lines = backend.metadata().decode().splitlines()
    assert {"Version: 1.0", "Requires-Python: >=3.8", "Requires-Dist: other>=1"} <= set(lines)
    assert "Requires-Dist: proctor-tool @ file:///w.whl" in lines


def test_wheel_can_be_built_from_the_source_distribution(backend: ModuleType, tmp_path: Path) -> None:
    assert backend.build_sdist(str(tmp_path), config_settings=None) == SDIST
    with tarfile.open(tmp_path / SDIST) as archive:
        assert f"{SDIST.removesuffix('.tar.gz')}/PKG-INFO" in archive.getnames()
        archive.extractall(tmp_path / "from")
    again = loaded(tmp_path / "from" / SDIST.removesuffix(".tar.gz"))
    (tmp_path / "out").mkdir()
    assert again.build_wheel(str(tmp_path / "out")) == WHEEL
    backend.build_wheel(str(tmp_path))
    assert (tmp_path / "out" / WHEEL).read_bytes() == (tmp_path / WHEEL).read_bytes()


@pytest.mark.parametrize("frontend", ["pip", "build", "uv"])
def test_real_frontends_build_it(frontend: str, place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "wheel", "--no-index", "--no-deps"]
    commands: dict[str, Sequence[str]] = {
        "pip": [*pip, "-w", str(out), "."],
        "build": [sys.executable, "-m", "build", "--no-isolation", "-o", str(out)],
        "uv": ["uv", "build", "--offline", "--no-index", "--python", sys.executable, "-o", str(out)],
    }
    is_here = shutil.which("uv") if frontend == "uv" else importlib.util.find_spec(frontend)
    if not is_here:
        pytest.skip(f"{frontend} is not installed")
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        commands[frontend], cwd=place.work, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.name for path in out.iterdir()} - {".gitignore"}
    assert made == ({WHEEL} if frontend == "pip" else {WHEEL, SDIST})


@pytest.mark.timeout(60)
def test_build_waits_where_the_launcher_passes_on_no_variable(place: Place, tmp_path: Path) -> None:
    """As tox does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place.socket)
        listener.listen()
        project.let_build_wait(place, waits=True)
        code = "import slow_backend as b, sys; b.build_wheel(sys.argv[1])"
        words = [sys.executable, "-B", "-c", code, str(tmp_path)]
        with subprocess.Popen(words, cwd=place.work / "backend", env={}) as building:
            link, _ = listener.accept()
            assert link.recv(100) == b'{"type": "join", "name": "backend"}\n'
            assert not (tmp_path / WHEEL).exists()
            link.close()
            assert building.wait() == 0
    assert (tmp_path / WHEEL).exists()


def test_build_asks_nobody_when_it_need_not_wait(place: Place) -> None:
    project.let_build_wait(place, waits=True)
    assert (place.work / project.BUILD_SOCKET).read_text() == place.socket
    project.let_build_wait(place, waits=False)
    assert not (place.work / project.BUILD_SOCKET).exists()
