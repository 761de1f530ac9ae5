"""Installs the launchers that targets describe, and gathers their programs in one directory for PATH."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from proctor.conformance.versions.packages import NotInstallable, Package, install, named_in, programs_of, releases
from proctor.harness.errors import HarnessError, UsageError, nearest
from proctor.harness.target import Target

PROGRAMS = "programs"
"""The directory, beside the installations, which has links to the programs that targets name, and no others: a virtual
environment has a `python` as well, which would be found before the user's."""


class Installed(NamedTuple):
    """What was installed: the package, its version, the directory for PATH, and the programs in it that are new."""

    package: str
    version: str
    directory: Path
    programs: tuple[str, ...]


def programs_named(target: Target) -> tuple[str, ...]:
    """Return the programs of a target's package that its command lines begin with. Those of `sync` and `prune` may be
    others than that of `command`: uvx is cleaned up after by uv."""
    lines = (target.command, target.sync, target.prune, target.version)
    first = (line[0] for line in lines if line)
    return tuple(dict.fromkeys(name for name in first if "/" not in name and "{" not in name))


def package_of(target: Target) -> Package:
    """Return the package of pip or npm that a target's `install` names; WrongCall where it names another thing."""
    package = named_in(target.install)
    if package:
        return package
    raise UsageError(f"{target.name}: its 'install' names no package of pip or npm: {target.install or 'it is empty'}")


def install_target(target: Target, directory: Path) -> Installed:
    """Install what a target's `install` names below this directory, unless it is there, and link its programs; of a
    package without a version the newest. HarnessError where it cannot be installed here, or the disk is full."""
    package = package_of(target)
    version = package.version or _newest(package)
    name = package.name + package.extras
    try:
        programs = install(package.source, name, version, directory)
    except NotInstallable as why:
        raise HarnessError(f"{name} {version} cannot be installed here: {why}") from None
    wanted = programs_named(target)
    there = programs_of(package.source, programs)
    for program in wanted:
        if program not in there:
            known = ", ".join(there) or "none"
            raise UsageError(f"{name} {version} has no program '{program}'{nearest(program, there)}; it has: {known}")
    return Installed(name, version, _linked(directory / PROGRAMS, programs, wanted), wanted)


def _newest(package: Package) -> str:
    listed = releases(package.source, package.name)
    if not listed:
        raise UsageError(f"{package.source} has no package '{package.name}'")
    finished = [release for release in listed if not release.is_pre] or listed
    return finished[-1].text


def _linked(place: Path, programs: Path, names: tuple[str, ...]) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        link = place / name
        link.unlink(missing_ok=True)
        link.symlink_to(programs / name)
    return place
