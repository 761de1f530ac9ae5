"""Packages of pip and npm: lists their versions, and installs each version once, in a directory of its own.

It runs pip and npm themselves, so the configured index, proxy and certificates are used.
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
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proctor.conformance.versions.cleaner import Cleaner, cleaner
from proctor.conformance.versions.managers import MANAGERS, Manager, PackageRelease, Source
from proctor.harness.descriptions import known_targets
from proctor.harness.errors import HarnessError, UsageError

LIST_WITHIN, INSTALL_WITHIN = 120.0, 600.0
"""Seconds."""
_COMPLETE = "complete"
"""The file that is written last."""
_INSTALL_LINE = re.compile(
    r"\b(?P<kind>pip|npm) install (?:--global )?(?P<quote>')?"
    r"(?P<name>(?:@[\w.-]+/)?\w[\w.-]*)(?P<extras>\[[\w,.-]+\])?(?:(?:==|@)(?P<version>\d[\w.+-]*))?(?(quote)')$"
)
"""The last command of an `install` line, with exactly one package and at most one version. Ranges do not match."""
_NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError|Temporary failure in name resolution"
    r"|Network is unreachable"
    r"|\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b"
)
_DISK_FULL = re.compile(r"No space left on device|\bENOSPC\b|Disk quota exceeded|\bEDQUOT\b")


class NotInstallable(Exception):
    """One version cannot be installed here: it is withdrawn, or has no file for this system. The message: one line."""


class Package(NamedTuple):
    """The package in a line such as `pip install 'pdm[locked]==2.29.3'`. version, extras: "" if it has none."""

    source: Source
    name: str
    version: str
    extras: str


def named_in(install: str) -> Package | None:
    """Return the package in an `install` line, or None."""
    found = _INSTALL_LINE.search(install.strip())
    if not found:
        return None
    return Package(
        "pip" if found["kind"] == "pip" else "npm", found["name"], found["version"] or "", found["extras"] or ""
    )


def packages_of_targets() -> dict[str, Package]:
    """Return the packages of the targets that come with Proctor, by name."""
    described = (tomllib.loads(path.read_text(encoding="utf-8")) for path in known_targets().values())
    named = (named_in(target.get("install", "")) for target in described)
    return {package.name: package for package in named if package}


def cache_directory() -> Path:
    """Return the default directory for installations, below the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "proctor" / "packages"


def releases(source: Source, name: str, withdrawn: bool = False) -> list[PackageRelease]:
    """Return all versions with pre-releases, oldest first; none if there is no such package.

    withdrawn: include versions that their authors have withdrawn ("yanked"), as far as the package manager lists them.
    HarnessError if the package manager fails, for example without network.
    """
    manager = MANAGERS[source]
    done = _run(manager.list_command(name, withdrawn), LIST_WITHIN)
    found = manager.releases(done.stdout + done.stderr if withdrawn else done.stdout)
    if not found:
        _raise_if_system_trouble(done.stdout + done.stderr, f"asked {source} for the versions of {name}")
        if not manager.is_unknown(done.stdout + done.stderr):
            raise HarnessError(f"asked {source} for the versions of {name}: {_last_line(done.stderr or done.stdout)}")
    return sorted(found, key=lambda release: release.key)


def install(source: Source, name: str, version: str, directory: Path) -> Path:
    """Install one version if it is missing; return the directory of its programs.

    NotInstallable if this version has no file for this system. HarnessError or UsageError for reasons that say nothing
    about the package: no network, a full disk, no npm.
    """
    manager = MANAGERS[source]
    place = directory / manager.place(name, version)
    programs = place / manager.programs
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place) as lock:
            if (place / _COMPLETE).exists() and manager.works(place):
                return programs
            shutil.rmtree(place, ignore_errors=True)  # left by an interrupted installation
            try:
                _install(manager, name, version, place, lock)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise HarnessError(_full(directory)) from None
        raise UsageError(
            f"{directory}: cannot be written: {error.strerror}; name another directory (--cache, --into)"
        ) from None
    return programs


def programs_of(source: Source, programs: Path) -> list[str]:
    """Return the names of the programs of an installation, including those of its dependencies."""
    manager = MANAGERS[source]
    found = programs.iterdir() if programs.is_dir() else ()
    return sorted(path.name for path in found if not manager.own.fullmatch(path.name) and os.access(path, os.X_OK))


def _install(manager: Manager, name: str, version: str, place: Path, lock: int) -> None:
    """Install into a new directory. A file that is written last marks it as complete. A virtual environment cannot be
    made under another name and renamed, because its scripts contain the path of their interpreter."""
    place.mkdir()
    for command in manager.install_commands(name, version, place):
        try:
            done = _run(command, INSTALL_WITHIN, lock)
        except subprocess.TimeoutExpired:
            raise NotInstallable(f"not installed within {INSTALL_WITHIN:.0f} s") from None
        if done.returncode == 0:
            continue
        output = done.stdout + done.stderr
        asked = f"asked {manager.source} to install {name} {version}"
        if _DISK_FULL.search(output):
            _raise_if_system_trouble(output, asked, place.parent)
        if _NO_NETWORK.search(output):
            # Perhaps only the build of this version asks for a host that is gone; then listing versions still works
            releases(manager.source, name)
        raise NotInstallable(manager.complaint(output) or f"{command[0]} ended with exit code {done.returncode}")
    (place / _COMPLETE).touch()


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[int]:
    """Lock an installation. pip and npm inherit the lock: they may outlive this process if it is killed."""
    with open(place.with_name(f".{place.name}.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _run(command: list[str], within: float, keep: int = -1) -> subprocess.CompletedProcess[str]:
    """Run pip or npm in a session of its own, so that an interruption ends all of its processes at once. Its temporary
    files are removed."""
    with cleaner() as cleans:
        return _run_in(cleans, command, within, keep)


_GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
"""Waits until the cleaner knows the process group: who is killed before that has started nothing."""


def _run_in(cleans: Cleaner, command: list[str], within: float, keep: int) -> subprocess.CompletedProcess[str]:
    # override settings of the user that change where pip installs, or the lines that are read here
    own = {
        "PIP_USER": "0",
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": cleans.scratch,
    }
    process = subprocess.Popen(
        [*_GATE, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(keep,) if keep >= 0 else (),
        start_new_session=True,
        text=True,
        errors="backslashreplace",
        env={**os.environ, **own},
    )
    cleans.watch(process.pid)
    try:
        out, err = process.communicate(input="go\n", timeout=within)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    finally:
        cleans.ended()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _raise_if_system_trouble(output: str, asked: str, directory: Path | None = None) -> None:
    """Raise HarnessError if the output names a problem of the system, not of the package."""
    if _DISK_FULL.search(output):
        raise HarnessError(_full(directory) if directory else f"{asked}: the disk is full; make room")
    if found := _NO_NETWORK.search(output):
        line = next(line for line in output.splitlines() if found[0] in line)
        raise HarnessError(
            f"{asked}: no network, or the index does not answer ({line.strip()[:200]}). This says nothing about the "
            "launcher. Try again later, or check proxy and index with `pip config` or `npm config`"
        )


def _full(directory: Path) -> str:
    return (
        f"{directory}: the disk is full. This says nothing about the launcher. Make room there, or name another "
        "directory (--cache, --into)"
    )


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1][:200] if lines else "it printed nothing"
