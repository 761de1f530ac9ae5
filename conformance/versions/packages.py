"""Packages of pip and npm: which versions there are, and each version installed by itself, once.

All is asked of pip and npm themselves, so that an index, a proxy or a certificate that they are configured for holds
here as well.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proctor.conformance.versions.managers import MANAGERS, Manager, PackageRelease, Source
from proctor.harness.errors import HarnessError, UsageError
from proctor.harness.target import known_targets

LIST_WITHIN, INSTALL_WITHIN = 120.0, 600.0
"""Seconds."""
_WHOLE = "complete"
"""The file that is written last."""
_INSTALL_LINE = re.compile(
    r"\b(?P<kind>pip|npm) install (?:--global )?(?P<quote>')?"
    r"(?P<name>(?:@[\w.-]+/)?\w[\w.-]*)(?P<extras>\[[\w,.-]+\])?(?:(?:==|@)(?P<version>\d[\w.+-]*))?(?(quote)')$"
)
"""The last that the line says, whole: one that names a range, or several packages, leaves a choice."""
_NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError|Temporary failure in name resolution"
    r"|Network is unreachable"
    r"|\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b"
)
_DISK_FULL = re.compile(r"No space left on device|\bENOSPC\b|Disk quota exceeded|\bEDQUOT\b")


class NotInstallable(Exception):
    """One version cannot be installed here: withdrawn, or nothing of it fits. The message says why, in a line."""


class Package(NamedTuple):
    """What a line such as `pip install 'pdm[locked]==2.29.3'` names. version, extras: "" where it names none."""

    source: Source
    name: str
    version: str
    extras: str


def named_in(install: str) -> Package | None:
    """Return the package that a target's `install` names, or None."""
    found = _INSTALL_LINE.search(install.strip())
    if not found:
        return None
    return Package(
        "pip" if found["kind"] == "pip" else "npm", found["name"], found["version"] or "", found["extras"] or ""
    )


def packages_of_targets() -> dict[str, Package]:
    """Return the packages that the descriptions that come with Proctor name, by their names."""
    described = (tomllib.loads(path.read_text(encoding="utf-8")) for path in known_targets().values())
    named = (named_in(target.get("install", "")) for target in described)
    return {package.name: package for package in named if package}


def cache_directory() -> Path:
    """Return where packages are installed unless told: below the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "proctor" / "packages"


def releases(source: Source, name: str, withdrawn: bool = False) -> list[PackageRelease]:
    """Return the versions that there are, oldest first, pre-releases among them; none where there is no such package.

    withdrawn: those that their authors have withdrawn ("yanked") as well, as far as they can be told.
    """
    manager = MANAGERS[source]
    done = _run(manager.list_command(name, withdrawn), LIST_WITHIN)
    found = manager.releases(done.stdout + done.stderr if withdrawn else done.stdout)
    if not found:
        _look_for_trouble(done.stdout + done.stderr, f"asked {source} for the versions of {name}")
        if not manager.knows_not(done.stdout + done.stderr):
            raise HarnessError(f"asked {source} for the versions of {name}: {_last_line(done.stderr or done.stdout)}")
    return sorted(found, key=lambda release: release.key)


def install(source: Source, name: str, version: str, directory: Path) -> Path:
    """Install one version by itself, unless it is there; return the directory of its programs.

    Raises NotInstallable where there is nothing of it for this system, and HarnessError or WrongCall for all that says
    nothing about the package: no network, a full disk, no npm.
    """
    manager = MANAGERS[source]
    place = directory / manager.place(name, version)
    programs = place / manager.programs
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place) as lock:
            if (place / _WHOLE).exists() and manager.works(place):
                return programs
            shutil.rmtree(place, ignore_errors=True)  # an installation that was interrupted
            try:
                _install(manager, name, version, place, lock)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise HarnessError(_full(directory)) from None
        raise UsageError(f"{directory}: cannot be written: {error.strerror}; name another directory") from None
    return programs


def programs_of(source: Source, programs: Path) -> list[str]:
    """Return the names of the programs that an installed package brought (those of what it depends on among them)."""
    manager = MANAGERS[source]
    found = programs.iterdir() if programs.is_dir() else ()
    return sorted(path.name for path in found if not manager.own.fullmatch(path.name) and os.access(path, os.X_OK))


def _install(manager: Manager, name: str, version: str, place: Path, lock: int) -> None:
    """Install where nothing is. What is written last says that it is whole: a virtual environment cannot be made under
    another name and renamed, for its scripts name their interpreter by its path."""
    place.mkdir()
    for command in manager.install_commands(name, version, place):
        try:
            done = _run(command, INSTALL_WITHIN, lock)
        except subprocess.TimeoutExpired:
            raise NotInstallable(f"not installed within {INSTALL_WITHIN:.0f} s") from None
        if done.returncode == 0:
            continue
        said = done.stdout + done.stderr
        asked = f"asked {manager.source} to install {name} {version}"
        if _DISK_FULL.search(said):
            _look_for_trouble(said, asked, place.parent)
        if _NO_NETWORK.search(said):
            # A build of this one version may ask for a host that is gone. The index itself tells whether that is all
            releases(manager.source, name)
        raise NotInstallable(manager.complaint(said) or f"{command[0]} ended with exit code {done.returncode}")
    (place / _WHOLE).touch()


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[int]:
    """One at a time installs there. pip and npm hold the lock too: they outlive us if we are killed."""
    with open(place.with_name(f".{place.name}.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _run(command: list[str], within: float, keep: int = -1) -> subprocess.CompletedProcess[str]:
    """Run pip or npm, in a session of its own, so that whatever interrupts us ends all of it, and at once. What it then
    leaves of its temporary files is removed."""
    with tempfile.TemporaryDirectory(prefix="proctor-packages-") as scratch:
        return _run_in(scratch, command, within, keep)


def _run_in(scratch: str, command: list[str], within: float, keep: int) -> subprocess.CompletedProcess[str]:
    # what a user has set for installing where he works, and what changes the lines that are read here
    own = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_COLOR": "1", "LC_ALL": "C.UTF-8", "TMPDIR": scratch}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(keep,) if keep >= 0 else (),
        start_new_session=True,
        text=True,
        errors="backslashreplace",
        env={**os.environ, **own},
    )
    try:
        out, err = process.communicate(timeout=within)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _look_for_trouble(said: str, asked: str, directory: Path | None = None) -> None:
    """Raise HarnessError where what was said speaks of the system, and not of the package."""
    if _DISK_FULL.search(said):
        raise HarnessError(_full(directory) if directory else f"{asked}: the disk is full; make room")
    if found := _NO_NETWORK.search(said):
        line = next(line for line in said.splitlines() if found[0] in line)
        raise HarnessError(
            f"{asked}: no network, or its index does not answer ({line.strip()[:200]}). This says nothing about the "
            "launcher. What is installed already can be played with --versions between two of those"
        )


def _full(directory: Path) -> str:
    return (
        f"{directory}: the disk is full. This says nothing about the launcher. Make room there, or name another "
        "directory (--cache, --into)"
    )


def _last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"
