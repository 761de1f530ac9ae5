"""What the tests of the harness itself share."""

from __future__ import annotations

import compileall
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proctor.harness import execute as door
from proctor.harness import settings

pytest_plugins = ["pytester", "tests.built_for_tests"]

ROOT = Path(__file__).resolve().parent.parent

# A shell starts what it puts into the background with SIGINT and SIGQUIT ignored, nohup with SIGHUP, and ignored they
# would stay in all that we start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A worker more than there are cores: our tests wait a third of the time, for processes to end or to rest."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """Compile all modules, before there are workers: each is loaded by thousands of processes, and in a new checkout
    none of them would write bytecode. A collection compiles what pytest rewrites, which pays only where many tests are
    run; it compares no containments, and any system allows a subreaper."""
    if hasattr(config, "workerinput"):
        return
    for name in ("conformance", "harness", "reports", "targets"):
        compileall.compile_dir(ROOT / name, quiet=1)
    compileall.compile_dir(ROOT / "src" / "proctor", maxlevels=0, quiet=1)
    if not config.getoption("numprocesses", None):
        return
    env = os.environ | {settings.CONTAINMENT: "subreaper"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    words = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "conformance/", "--target=./launcher"]
    subprocess.run(words, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, check=False)


@pytest.fixture
def no_runner_is_left() -> Iterator[None]:
    """End the runner after a test that plays scenarios in this process."""
    yield
    door.stop()


@functools.cache
def has_namespace() -> bool:
    """Whether this system allows PID namespaces."""
    try:
        return door.has_namespace()
    finally:
        door.stop()


@pytest.fixture
def contained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare no launcher with a run outside of its namespace: that costs as much as the few cases of most tests."""
    if has_namespace():
        monkeypatch.setenv(settings.CONTAINMENT, "namespace")


def copy_of_package(directory: Path) -> Path:
    """Copy proctor into a directory, laid out as pip installs it; return where it is."""
    package = directory / "proctor"
    package.mkdir()
    for path in (ROOT / "src" / "proctor").iterdir():
        if path.is_file():
            shutil.copy(path, package)
    for name in ("harness", "conformance", "reports", "targets"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    return package


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


def run_proctor(*words: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `proctor WORDS...` in a directory and return what came of it."""
    command = [sys.executable, "-m", "proctor", *words]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def proctor(tmp_path: Path) -> Run:
    """Return a function that runs `proctor WORDS...` in an empty directory and returns what came of it."""

    def run(
        *words: str, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        empty = tmp_path / "empty"
        empty.mkdir(exist_ok=True)
        return run_proctor(*words, cwd=cwd or empty, env=env)

    return run
