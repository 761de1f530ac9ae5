"""The directories of each target: a home that is kept, and copies of what it is cold and warm."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from packaging.specifiers import SpecifierSet

from proctor.harness.runner.start import bundle, project, tarball, wheel
from proctor.harness.runner.start.removal import remove
from proctor.harness.runner.start.snapshots import Template
from proctor.harness.runner.start.spawn import BINARIES, Place
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target

SUPPORTED_UNTIL = {10: (2026, 10), 11: (2027, 10), 12: (2028, 10), 13: (2029, 10), 14: (2030, 10), 15: (2031, 10)}
"""The minor versions of Python that may be the other interpreter, with the year and month in which their support ends:
https://devguide.python.org/versions. A launcher may refuse a version that is no longer supported."""
OURS = sys.version_info.minor
PASSABLE = 0o711
"""Permissions of a directory that only we may read and change, with something in it for a command of another user."""
ASK_WITHIN = 20
"""Seconds for an interpreter to say its version."""
_VERSION = (
    "import sys, venv, ensurepip; sys.version_info[3] == 'final' or sys.exit(1); print('%d.%d' % sys.version_info[:2])"
)


class Places:
    """Lays out the directories of targets below one scratch directory."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._bases: dict[str, Path] = {}
        self._places: dict[Path, Place] = {}
        self._made: set[Path] = set()
        self._templates: dict[tuple[str, str], Template] = {}

    def of(self, target: Target, scenario: Scenario, warm_up: Callable[[Place], None]) -> Place:
        """Return the place for one execution, as its stage wants it. warm_up runs the launcher undisturbed there."""
        base = self._base(target)
        place = self._places.get(base)
        if not place:
            place = self._places[base] = Place(
                base / "work",
                base / "home",
                base / "tmp",
                self._scratch / "wheels",
                self._scratch / "tarballs" / tarball.NAME,
                bundle=bundle.program_in(base),
                binaries=self._binaries(),
            )
        place = place._replace(
            interpreter=interpreter(scenario.interpreter, base, target.python),
            reads_attributes=scenario.stage.reads_attributes,
        )
        if not os.path.isdir(place.wheels):
            wheel.build(place.wheels)
        if not os.path.exists(place.tarball):
            tarball.build(place.tarball.parent)
        if target.bundle and place.bundle not in self._made:
            bundle.build(target, place._replace(interpreter=usual_interpreter()))
            self._made.add(place.bundle)
        if not os.path.isdir(place.work):  # or a launcher has removed what is not its own
            place.work.mkdir()
            project.lay_out(target, place)
        for directory in (place.temporary, place.home):
            _make(directory)
        empty(place.temporary)
        if scenario.stage.home != "kept":
            self._prepare(target, scenario, place, warm_up)
        if target.has_project:
            project.let_build_wait(place, scenario.stage.build_waits)
        return place

    def _binaries(self) -> Path:
        """Return a name without spaces of the directory of our programs. A launcher that splits words at spaces could
        not start our command at all otherwise, and it is to be blamed for the arguments that it splits."""
        if not re.search(r"\s", str(BINARIES)):
            return BINARIES
        link = self._scratch / "bin"
        if not link.is_symlink():
            link.symlink_to(BINARIES)
        return link

    def _base(self, target: Target) -> Path:
        base = self._bases.get(target.name)
        if not base:
            slug = re.sub(r"\W+", "-", target.name).strip("-")[:12]
            base = self._bases[target.name] = self._scratch / f"{len(self._bases)}-{slug}"
        _make(base)
        with contextlib.suppress(OSError):  # it is no longer ours: whoever needs that says so
            os.chmod(base, PASSABLE)  # whatever the umask, and whatever a launcher has made of it
        return base

    def _prepare(self, target: Target, scenario: Scenario, place: Place, warm_up: Callable[[Place], None]) -> None:
        base = place.work.parent
        cold = self._templates.get((target.name, "cold"))
        if not cold:
            remove(place.home)
            remove(place.work)
            for directory in (place.home, place.work):
                directory.mkdir()
            project.lay_out(target, place)
            project.lay_out_bystander(place.work)
            cold = self._templates[target.name, "cold"] = Template(place, base / "cold")
        if scenario.stage.home == "cold":
            cold.restore()
            return
        kind = "sync" if scenario.invoke == "sync" else "run"
        warm = self._templates.get((target.name, kind))
        if not warm:
            cold.restore()
            for _ in range(2):  # a launcher does some things only in its first run
                warm_up(place._replace(interpreter=usual_interpreter()))
                empty(place.temporary)
            warm = self._templates[target.name, kind] = Template(place, base / f"warm-{kind}")
        warm.restore()
        if scenario.stage.home == "stale":
            project.change(target, place.work)


def _make(directory: Path) -> None:
    """Make a directory where there is none. Nearly always there is one, and mkdir(exist_ok=True) then takes longer: it
    tries, and handles the error."""
    if not os.path.isdir(directory):
        directory.mkdir()


def empty(directory: Path) -> None:
    """Remove what is in a directory, by removing it where there is something."""
    if any(os.scandir(directory)):
        remove(directory)
        directory.mkdir(exist_ok=True)


def interpreter(which: str, base: Path, versions: str = "") -> str:
    """Return the path of the Python that a scenario asks for; "" where there is none. versions: those that another one
    may have, as PEP 440 writes them."""
    if which == "other":
        return other_interpreter(versions)
    if which == "killed":
        path = base / "killed-python"
        if not path.exists():
            path.write_text("#!/bin/sh\nkill -KILL $$\n")
            path.chmod(0o755)
        return str(path)
    return usual_interpreter()


@functools.cache
def usual_interpreter() -> str:
    """Return the Python that is below the virtual environment we run in."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


@functools.cache
def other_interpreter(versions: str = "") -> str:
    """Return a Python of another supported version that can make environments, the nearest to ours first; "" where
    there is none on PATH or beside ours. versions: those that the target allows."""
    supported = [minor for minor, until in SUPPORTED_UNTIL.items() if minor != OURS and until >= _month()]
    supported = [minor for minor in supported if SpecifierSet(versions).contains(f"3.{minor}")]
    beside = Path(usual_interpreter()).parent.parent.parent.glob("*/bin/python3*")  # as pyenv, say, keeps them
    siblings = {path.name: str(path) for path in sorted(beside)}  # of one version any
    for minor in sorted(supported, key=lambda minor: (abs(minor - OURS), -minor)):
        name = f"python3.{minor}"
        for path in (shutil.which(name), siblings.get(name), shutil.which("python3")):
            if path and _version_of(path) == f"3.{minor}":
                return os.path.realpath(path)
    return ""


def _month() -> tuple[int, int]:
    now = time.gmtime()
    return now.tm_year, now.tm_mon


@functools.cache
def _version_of(path: str) -> str:
    try:
        done = subprocess.run(
            [path, "-I", "-c", _VERSION], capture_output=True, text=True, timeout=ASK_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
