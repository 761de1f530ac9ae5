"""Fixtures for the tests of the reference launcher: local wheels, no network, no file outside tmp_path."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import select
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "targets" / "reference"
LAUNCHER = [str(REFERENCE / "bin" / "launcher"), f"--interpreter={sys.executable}"]
sys.path.insert(0, str(REFERENCE))

TOOL = """\
import os, sys
def main():
    print(sys.prefix, *sys.argv[1:], flush=True)
    if sys.argv[1:] == ["late"]:
        sys.stdin.readline()
        from proctor_tool import late
        print(late.WORD, flush=True)
"""

BACKEND = """\
import os, zipfile
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
def build_wheel(directory, config_settings=None, metadata_directory=None):
    if "REACHED" in os.environ:
        with open(os.environ["REACHED"], "w") as file:
            file.write("%d\\n" % os.getpid())
        open(os.environ["REACHED"]).read()
    open("litter", "w").close()
    with zipfile.ZipFile(os.path.join(directory, "project-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("project.py", open("source.py").read())
        wheel.writestr("project-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: project\\nVersion: 1.0\\n")
        wheel.writestr("project-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("project-1.0.dist-info/RECORD", "")
    return "project-1.0-py3-none-any.whl"
"""

PYPROJECT = """\
[project]
name = "project"
version = "1.0"
dependencies = ["proctor-tool"]
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def write_wheel(directory: Path, name: str, version: str, files: dict[str, str], program: str = "") -> Path:
    """Write a wheel with a RECORD that pip accepts. `program` is the entry point of its console script."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if program:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {program}\n"
    record = "".join(f"{path},sha256={digest(text)},{len(text.encode())}\n" for path, text in files.items())
    path = directory / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name_inside, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(name_inside, text)
    return path


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class Sandbox:
    """Directories and environment variables for launchers: cache, wheels, working directory, HOME, TMPDIR."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.wheels = top / "wheels"
        self.work = top / "work"
        self.cache = top / "cache" / "proctor-reference-launcher"
        for path in (self.wheels, self.work, top / "home", top / "tmp", top / "cache"):
            path.mkdir(parents=True, exist_ok=True)
        files = {"proctor_tool/__init__.py": TOOL, "proctor_tool/late.py": "WORD = 'late'\n"}
        write_wheel(self.wheels, "proctor-tool", "1.0", files, "proctor_tool:main")
        variables = {
            key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "XDG_", "LAUNCHER_"))
        }
        self.environment = variables | {
            "HOME": str(top / "home"),
            "TMPDIR": str(top / "tmp"),
            "XDG_CACHE_HOME": str(top / "cache"),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }

    def run(
        self, *words: str, cwd: Path | None = None, variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the launcher and wait for its end."""
        return subprocess.run(
            [*LAUNCHER, *words],
            cwd=cwd or self.work,
            env=self.environment | (variables or {}),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=60,
            check=False,
        )

    def start(
        self, *words: str, cwd: Path | None = None, variables: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start the launcher; do not wait for its end."""
        return subprocess.Popen(
            [*LAUNCHER, *words],
            cwd=cwd or self.work,
            env=self.environment | (variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def project(self) -> Path:
        """Make a project. With REACHED=FIFO its build backend writes its PID into the FIFO and waits for an answer."""
        project = self.top / "project"
        project.mkdir()
        (project / "pyproject.toml").write_text(PYPROJECT)
        (project / "backend.py").write_text(BACKEND)
        (project / "source.py").write_text("VALUE = 1\n")
        return project

    def cache_entries(self, kind: str) -> list[str]:
        """Return the names in a subdirectory of the cache."""
        path = self.cache / kind
        return sorted(os.listdir(path)) if path.exists() else []

    def leftovers(self) -> list[str]:
        """Return what must not remain: incomplete environments in the cache, and all files in TMPDIR and HOME."""
        kinds = ("temporary", "building", "trash")
        elsewhere = [str(path) for part in ("tmp", "home") for path in (self.top / part).iterdir()]
        return [f"{kind}/{name}" for kind in kinds for name in self.cache_entries(kind)] + elsewhere

    def processes(self) -> list[int]:
        """Return the PIDs of all processes that run in this sandbox: launchers, janitors, commands."""
        mark = b"XDG_CACHE_HOME=" + os.fsencode(self.top / "cache") + b"\0"
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes() and (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
        return found

    def wait_for_all_processes(self, seconds: float = 10.0) -> None:
        """Wait until each process of this sandbox has ended; fail after `seconds` for one process."""
        for pid in self.processes():
            wait_for_exit(pid, seconds)

    def reached_fifo(self) -> Path:
        """Return the FIFO for the variable REACHED; make it if necessary."""
        path = self.top / "reached"
        if not path.exists():
            os.mkfifo(path)
        return path


def wait_for_exit(pid: int, seconds: float = 10.0) -> None:
    """Wait until process `pid` has ended. It need not be a child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], seconds)[0], f"process {pid} has not ended within {seconds} s"
    finally:
        os.close(descriptor)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Yield a sandbox; fail if a process is left in it."""
    sandbox = Sandbox(tmp_path)
    yield sandbox
    left = sandbox.processes()
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"processes are left: {left}"
