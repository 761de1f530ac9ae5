"""The scripts of docs/findings/, run as their readers would: in a virtual environment without Proctor, in an empty
directory, with the launcher of the case in PATH. Each reproduces its fault, and finds none in a launcher without it.

Needs PROCTOR_LAUNCHERS=DIRECTORY, as test_known_faults does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.conformance.judging import casefile
from proctor.conformance.versions.managers import MANAGERS
from proctor.conformance.versions.packages import INSTALL_WITHIN, Package, install, named_in
from tests.launchers.findings import cases
from tests.launchers.test_known_faults import DIRECTORY

PLAYED_WITHIN = 200
"""Seconds."""
SOUND = {"timeout-sig-6": ["tini", "-s", "--"], "dumb-init-sig-6": ["tini", "-s", "--"]}
"""A launcher without the fault, where `env` will not do: the schedule waits for a fork, and env does not fork."""
ONLY_THERE = {"uv-sig-6": "did not reach: at launcher.t2"}
"""Why it is inconclusive for other launchers: none of these forks from a second thread."""
FIXED = {"cross-env-tty-1": Package("npm", "cross-env", "7.0.1", "")}
"""The only version without the fault (kentcdodds/cross-env#227; undone in 7.0.2)."""

pytestmark = [
    pytest.mark.skipif(not DIRECTORY, reason="needs PROCTOR_LAUNCHERS=DIRECTORY to install launchers in"),
    pytest.mark.timeout(INSTALL_WITHIN + PLAYED_WITHIN),
]
each_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.stem)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a virtual environment in which there is nothing."""
    place = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=120)
    python = place / "bin" / "python"
    for ours in ("proctor", "msgspec"):
        found = subprocess.run([str(python), "-I", "-c", f"import {ours}"], capture_output=True, check=False)
        assert found.returncode != 0, f"{ours} is in it"
    return python


def program_of(case: Path, package: Package | None) -> Path:
    """Return the launcher of a case, of that package; skip where it is not here."""
    target = casefile.read(case).target
    program = target.command[0]
    if package is None:
        if not (found := shutil.which(program)):
            pytest.skip(f"{program} is not installed; install it with: {target.install}")
        return Path(found)
    if not MANAGERS[package.source].is_there():
        pytest.skip(f"{package.source} is not installed; install it with: {target.install}")
    programs = install(package.source, package.name + package.extras, package.version, Path(DIRECTORY).resolve())
    return programs / program


def play(script: Path, python: Path, place: Path, *words: str, program: Path | None = None) -> tuple[int, str]:
    """Run a script in an empty directory, which stays empty; return its exit code and what it printed."""
    empty, only = place / "empty", place / "only"
    empty.mkdir()
    only.mkdir()
    if program:
        (only / program.name).symlink_to(program)
    ours = str(Path(sys.executable).parent)
    path = [str(only), *(one for one in os.environ["PATH"].split(os.pathsep) if one != ours)]
    done = subprocess.run(
        [str(python), "-I", str(script), *words],
        cwd=empty, env={"PATH": os.pathsep.join(path), "TMPDIR": str(empty)},
        capture_output=True, text=True, timeout=PLAYED_WITHIN, check=False,
    )  # fmt: skip
    assert list(empty.iterdir()) == []
    return done.returncode, done.stdout + done.stderr


@each_case
def test_it_shows_its_fault(case: Path, clean: Path, tmp_path: Path) -> None:
    program = program_of(case, named_in(casefile.read(case).target.install))
    status, said = play(case.with_suffix(".py"), clean, tmp_path, program=program)
    assert (status, "FAULT REPRODUCED" in said) == (1, True), said


@each_case
def test_it_shows_none_on_a_sound_launcher(case: Path, clean: Path, tmp_path: Path) -> None:
    sound = SOUND.get(case.stem, ["env"])
    if not shutil.which(sound[0]):
        pytest.skip(f"{sound[0]} is not installed; install it with: apt-get install {sound[0]}")
    status, said = play(case.with_suffix(".py"), clean, tmp_path, "--", *sound)
    if case.stem in ONLY_THERE:
        assert (status, ONLY_THERE[case.stem] in said) == (2, True), said
    else:
        assert (status, "FAULT NOT REPRODUCED" in said) == (0, True), said


@pytest.mark.parametrize("name", FIXED)
def test_it_shows_none_on_the_version_that_fixed_it(name: str, clean: Path, tmp_path: Path) -> None:
    case = next(case for case in cases() if case.stem == name)
    status, said = play(case.with_suffix(".py"), clean, tmp_path, program=program_of(case, FIXED[name]))
    assert (status, "FAULT NOT REPRODUCED" in said) == (0, True), said
