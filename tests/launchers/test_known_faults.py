"""Faults that are known from public reports, in the very versions that have them: the suite must see each of them, and
must not see it any more in the version that fixed it.

Needs PROCTOR_LAUNCHERS=DIRECTORY. What is missing there is installed with pip and npm, once, at the pinned version.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proctor.conformance.versions.managers import MANAGERS, Source
from proctor.conformance.versions.packages import INSTALL_WITHIN, install

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = os.environ.get("PROCTOR_LAUNCHERS", "")
SUITE_WITHIN = 600
"""Seconds."""

pytestmark = [
    pytest.mark.skipif(not DIRECTORY, reason="needs PROCTOR_LAUNCHERS=DIRECTORY to install launchers in"),
    pytest.mark.timeout(INSTALL_WITHIN + SUITE_WITHIN),
]


class Results:
    """The results document of one run, and what it accuses the launcher of."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._rows = document["requirements"]
        self.version: str = document["target"]["version"]

    def verdict(self, requirement: str) -> str:
        """Return the verdict on a requirement."""
        return str(self._rows[requirement]["verdict"])

    def accused(self, requirement: str, *words: str) -> list[dict[str, Any]]:
        """Return the violations found in the cases whose name holds all these words: a signal, a stage."""
        row = self._rows[requirement]
        judged = ("pass", "partial", "fail", "not observable")
        assert row["verdict"] in judged, f"{requirement}: {row['verdict']}: {row['reason']}"
        return [violation for violation in row["violations"] if all(word in violation["case"] for word in words)]


Run = Callable[..., Results]


def _install(package: str, version: str) -> Path:
    """Return the directory with the programs of a package; install it where it is not there yet."""
    source: Source = "npm" if package == "cross-env" else "pip"
    if not MANAGERS[source].is_there():
        pytest.skip("npm is not installed; install it with: apt-get install nodejs npm")
    return install(source, package, version, Path(DIRECTORY).resolve())


@pytest.fixture(scope="session")
def lock() -> Iterator[None]:
    """One process at a time installs."""
    Path(DIRECTORY).mkdir(parents=True, exist_ok=True)
    with open(Path(DIRECTORY) / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def run(tmp_path: Path, lock: None) -> Run:  # noqa: ARG001  (one process at a time)
    """Run the suite, or some requirements of it, on one version of a launcher, by its description in targets/."""

    def suite(target: str, program: str, version: str, *requirements: str) -> Results:
        path = os.environ["PATH"]
        if version:
            found = _install(program, version) / program
            only = tmp_path / "only"  # a directory with this program alone: no other python gets onto PATH
            only.mkdir(exist_ok=True)
            (only / program).unlink(missing_ok=True)
            (only / program).symlink_to(found)
            path = f"{only}:{path}"
        elif not shutil.which(program):
            pytest.skip(f"{program} is not installed; install it with: apt-get install {program}")
        file = tmp_path / "results.json"
        words = ["conformance/", f"--target={target}", "-k", " or ".join(requirements), f"--results={file}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=SUITE_WITHIN,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        results = Results(json.loads(file.read_text()))
        assert not version or version in results.version or not results.version, results.version
        return results

    return suite


# -- a faulty version and the one that fixed it


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR2"])
def test_uv_dies_of_hup_and_usr2(run: Run, name: str) -> None:
    """astral-sh/uv 0.6.14: uv dies of the signal and the command is orphaned."""
    faulty = run("uv-run", "uv", "0.6.14", "SIG-1", "TREE-1")
    assert faulty.accused("SIG-1", name, "pipes") and faulty.accused("SIG-1", name, "job")
    assert faulty.accused("TREE-1", "no_orphan", name)
    assert not faulty.accused("SIG-1", "SIGTERM")
    fixed = run("uv-run", "uv", "0.6.15", "SIG-1", "TREE-1")
    assert not fixed.accused("SIG-1", name)
    assert not fixed.accused("TREE-1", name)


def test_uv_dies_of_term(run: Run) -> None:
    """astral-sh/uv 0.5.1: the same with SIGTERM."""
    faulty = run("uv-run", "uv", "0.5.1", "SIG-1", "TREE-1")
    assert faulty.accused("SIG-1", "SIGTERM", "pipes") and faulty.accused("SIG-1", "SIGTERM", "job")
    assert faulty.accused("TREE-1", "no_orphan", "SIGTERM")
    fixed = run("uv-run", "uv", "0.5.2", "SIG-1", "TREE-1")
    assert not fixed.accused("SIG-1", "SIGTERM")
    assert not fixed.accused("TREE-1", "SIGTERM")


def test_uv_swallows_an_interrupt_without_a_terminal(run: Run) -> None:
    """astral-sh/uv 0.7.12: SIGINT by kill, no terminal on stdin."""
    faulty = run("uv-run", "uv", "0.7.12", "SIG-1", "SIG-3")
    assert faulty.accused("SIG-3", "pipes") and faulty.accused("SIG-1", "SIGINT", "pipes")
    fixed = run("uv-run", "uv", "0.7.13", "SIG-1", "SIG-3")
    assert not fixed.accused("SIG-3", "pipes") and not fixed.accused("SIG-1", "SIGINT", "pipes")


def test_dumb_init_hides_a_death_by_signal(run: Run) -> None:
    """Yelp/dumb-init 1.0.0: the command dies of a signal, dumb-init ends with exit code 0."""
    faulty = run("dumb-init", "dumb-init", "1.0.0", "EXIT-2")
    deaths = faulty.accused("EXIT-2", "SIGKILL")
    assert deaths and all(death["parameters"]["end"] == 0 for death in deaths)
    fixed = run("dumb-init", "dumb-init", "1.0.1", "EXIT-2")
    assert fixed.verdict("EXIT-2") == "pass"


def test_cross_env_hides_a_death_by_signal(run: Run) -> None:
    """kentcdodds/cross-env 5.1.4: exit code 0; since 5.1.5 it is 1, which is no success but not 128+N either."""
    faulty = run("cross-env", "cross-env", "5.1.4", "EXIT-2")
    deaths = faulty.accused("EXIT-2", "SIGKILL")
    assert deaths and all(death["parameters"]["end"] == 0 for death in deaths)
    fixed = run("cross-env", "cross-env", "5.1.5", "EXIT-2")
    deaths = fixed.accused("EXIT-2", "SIGKILL")
    assert deaths and all(death["parameters"]["end"] == 1 for death in deaths)


# -- current releases


def test_uv_swallows_an_interrupt_on_a_terminal(run: Run) -> None:
    """uv 0.13.8: SIGINT by kill while stdin is a terminal."""
    results = run("uv-run", "uv", "0.13.8", "SIG-3")
    assert results.accused("SIG-3", "job") and results.accused("SIG-3", "leader")
    assert not results.accused("SIG-3", "pipes")


def test_uv_delivers_twice(run: Run) -> None:
    """uv 0.13.8: a signal to the group, a SIGQUIT key, a resize; but not Ctrl-C, and Ctrl-Z works."""
    results = run("uv-run", "uv", "0.13.8", "TREE-5", "TTY-1", "TTY-2", "TTY-3", "TTY-5")
    for requirement, words in (("TREE-5", ["SIGTERM"]), ("TTY-2", []), ("TTY-5", ["resize"])):
        doubles = results.accused(requirement, *words)
        assert doubles and all(double["code"].endswith("/delivered-twice") for double in doubles), requirement
    assert results.verdict("TTY-1") == results.verdict("TTY-3") == "pass"


def test_tini_does_not_stop_with_its_command(run: Run) -> None:
    """tini 0.19.0: Ctrl-Z stops the command, not tini: the shell waits for ever."""
    results = run("tini", "tini", "", "TTY-1", "TTY-3")
    for shell in ("bash", "dash"):
        assert results.accused("TTY-3", shell), shell
    assert results.verdict("TTY-1") == "pass"


def test_dumb_init_does_not_hand_on_signal_settings(run: Run) -> None:
    """dumb-init 1.2.5: what was blocked is unblocked, and the command is in a session of its own."""
    results = run("dumb-init", "dumb-init", "1.2.5", "SIG-1", "SIG-2", "EXIT-2", "INHERIT-1", "INHERIT-6")
    assert results.accused("INHERIT-1", "some-blocked") and results.accused("INHERIT-6")
    assert {results.verdict(good) for good in ("SIG-1", "SIG-2", "EXIT-2")} == {"pass"}
