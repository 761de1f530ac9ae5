"""What is made for tests: what a user installs, once for all workers (sources, archives, an environment); programs."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from proctor.harness.runner.start.places import usual_interpreter

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".tox", ".venv", "build", "dist", "bin", "__pycache__", ".*_cache", "*.egg-info", ".hypothesis"
)
LONGEST_LINE = 255
"""Bytes that the kernel reads of a #! line: execve(2)."""


def run(*words: object, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, words)), cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def build(kind: str, directory: Path) -> Path:
    """Build the "wheel" or the "sdist" of these sources; return the archive."""
    done = run(sys.executable, "-m", "hatchling", "build", "-t", kind, cwd=directory)
    assert done.returncode == 0, done.stderr
    return next((directory / "dist").glob("*.whl" if kind == "wheel" else "*.tar.gz"))


def install(package: Path, directory: Path) -> Path:
    """Install a package in a new virtual environment; return the directory of its programs."""
    venv.create(directory, with_pip=True, symlinks=True)
    done = run(directory / "bin" / "python", "-m", "pip", "install", "--quiet", package, cwd=directory)
    assert done.returncode == 0, done.stderr
    return directory / "bin"


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a directory that `make` has filled, by the first worker that asks for it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    directory = shared / f"built-{name}"
    with open(shared / f"built-{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / f"built-{name}.whole").exists():
            make(directory)
            (shared / f"built-{name}.whole").touch()
    return directory


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout: building writes into the directory that it builds."""
    return once(tmp_path_factory, "sources", lambda place: shutil.copytree(ROOT, place, symlinks=True, ignore=LEFT_OUT))


@pytest.fixture(scope="session")
def sdist(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the source distribution."""
    once(tmp_path_factory, "sdist", lambda _: build("sdist", sources))
    return next((sources / "dist").glob("*.tar.gz"))


@pytest.fixture(scope="session")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel."""
    once(tmp_path_factory, "wheel", lambda _: build("wheel", sources))
    return next((sources / "dist").glob("*.whl"))


@pytest.fixture(scope="session")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the programs of an environment that has the wheel."""
    return once(tmp_path_factory, "environment", lambda place: install(wheel, place)) / "bin"


def compiled(name: str, directory: Path) -> Path:
    """Compile a launcher of tests/launchers_for_tests; return the program."""
    program, source = directory / name, ROOT / "tests" / "launchers_for_tests" / f"{name}.c"
    words = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", str(program), str(source)]
    subprocess.run(words, check=True)
    return program


def first_lines(option: str = "", python: str = usual_interpreter()) -> str:
    """Return how a script of Python begins. python: the interpreter, by default the one below our virtual environment,
    which may be in a directory of any name. The kernel ends the path of an interpreter at the first space. Where it
    cannot read the path, a shell executes the interpreter, as in the scripts of pip: Python skips this as a string."""
    line = f"#!{python} {option}".rstrip()
    if not re.search(r"\s", python) and len(os.fsencode(line)) < LONGEST_LINE:
        return f"{line}\n"
    return f"#!/bin/sh\n'''exec' {shlex.quote(python)} {option} \"$0\" \"$@\"\n' '''\n"


def python_script(path: Path, text: str, option: str = "") -> Path:
    """Write a program in Python; return its path. option: a word for the interpreter, such as "-IS"."""
    path.write_text(first_lines(option) + text, encoding="utf-8")
    path.chmod(0o755)
    return path
