"""The wheel of the tool: as the format wants it, and installed by pip without a network."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from proctor.harness.runner.start import spawn, wheel
from proctor.harness.runner.start.places import usual_interpreter
from proctor.harness.runner.start.spawn import TOOL

INFO = "proctor_tool-1.0.dist-info"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, in a directory that was made for it."""
    return wheel.build(tmp_path_factory.mktemp("wheel") / "deep" / "wheels")


def test_name_and_nothing_beside_it(built: Path) -> None:
    assert built.name == "proctor_tool-1.0-py3-none-any.whl"
    assert list(built.parent.iterdir()) == [built]
    assert wheel.NAME == TOOL


def test_the_same_each_time(built: Path, tmp_path: Path) -> None:
    """A launcher that looks at hashes has no reason to install it again."""
    assert wheel.build(tmp_path).read_bytes() == built.read_bytes()
    assert wheel.build(tmp_path).read_bytes() == built.read_bytes()


def test_record_is_right(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        assert archive.testzip() is None
        rows = list(csv.reader(io.StringIO(archive.read(f"{INFO}/RECORD").decode())))
        assert [name for name, _, _ in rows] == archive.namelist()
        for name, digest, size in rows[:-1]:
            data = archive.read(name)
            sum_of_it = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert (digest, size) == (f"sha256={sum_of_it}", str(len(data)))
    assert rows[-1] == [f"{INFO}/RECORD", "", ""]


def test_what_is_in_it(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
        assert archive.read("proctor_tool/witness.so") == spawn.LIBRARY.read_bytes()
        assert b"Name: proctor-tool\nVersion: 1.0\n" in archive.read(f"{INFO}/METADATA")
        assert b"proctor-tool = proctor_tool:main" in archive.read(f"{INFO}/entry_points.txt")
        *lines, last = archive.read("proctor_tool/contents").decode().splitlines(keepends=True)
        packed = {name: crc for crc, name in (line.split() for line in lines)}
        assert packed == {name: str(zlib.crc32(archive.read(name))) for name in packed}
        assert last == f"{zlib.crc32(''.join(lines).encode())} contents\n"
        assert set(packed) == {name for name in names if not name.startswith(INFO)} - {"proctor_tool/contents"}
    assert {"proctor_late.py", "proctor_tool/__init__.py"} <= names
    assert not any(name.startswith(("/", "..")) or "__pycache__" in name for name in names)


@pytest.mark.timeout(120)
def test_pip_installs_it_without_a_network(built: Path, tmp_path: Path) -> None:
    made = subprocess.run(
        [usual_interpreter(), "-m", "venv", tmp_path / "e"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"this Python makes no environment with pip: {made.stdout.strip()[-200:]}")
    pip: list[str | Path] = [
        tmp_path / "e" / "bin" / "python",
        "-m",
        "pip",
        "--isolated",
        "--disable-pip-version-check",
    ]
    install: list[str | Path] = [
        *pip,
        "install",
        "--no-index",
        "--no-cache-dir",
        "--find-links",
        built.parent,
        "proctor-tool",
    ]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    shown = subprocess.run([*pip, "show", "-f", "proctor-tool"], capture_output=True, text=True, check=True).stdout
    assert "Version: 1.0" in shown
    assert "proctor_tool/witness.so" in shown
    # nobody listens there: the witness in it says so, which is far enough to have come
    tool = subprocess.run([tmp_path / "e" / "bin" / TOOL, tmp_path / "nobody"], capture_output=True, check=False)
    assert (tool.returncode, tool.stderr.startswith(b"witness: ")) == (112, True)
    subprocess.run([*pip, "uninstall", "-y", "proctor-tool"], capture_output=True, check=True)
    assert not (tmp_path / "e" / "bin" / TOOL).exists()
