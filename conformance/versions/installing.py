"""Installs the launchers of targets, and links their programs into one directory for PATH."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from proctor.conformance.versions.packages import NotInstallable, Package, install, named_in, programs_of, releases
from proctor.harness.errors import HarnessError, UsageError, nearest
from proctor.harness.target import Target

PROGRAMS = "programs"
"""The directory, beside the installations, with links to the programs that targets name. It has no others: a virtual
environment also has a `python`, which must not come before the user's on PATH."""


class Installed(NamedTuple):
    """An installation: the package, its version, the directory for PATH, and the programs that it added there."""

    package: str
    version: str
    directory: Path
    programs: tuple[str, ...]


def programs_named(target: Target) -> tuple[str, ...]:
    """Return the programs with which a target's command lines begin. `sync` and `prune` may use another program than
    `command`: `uv` prunes the cache of `uvx`."""
    lines = (target.command, target.bundle, target.sync, target.prune, target.version)
    first = (line[0] for line in lines if line)
    return tuple(dict.fromkeys(name for name in first if "/" not in name and "{" not in name))


def package_of(target: Target) -> Package:
    """Return the package of pip or npm that a target's `install` names; UsageError if it names none."""
    package = named_in(target.install)
    if package:
        return package
    found = target.install or "it is empty"
    raise UsageError(f"{target.name}: its 'install' names no package of pip or npm ({found}); install it by hand")


def install_target(target: Target, directory: Path) -> Installed:
    """Install a target's package below this directory if it is missing, and link its programs. Without a version in
    `install`, take the newest. HarnessError if it cannot be installed here or the disk is full."""
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
            raise UsageError(
                f"{name} {version} has no program '{program}'{nearest(program, there)}; it has: {known}. "
                "Correct the command lines of the description"
            )
    return Installed(name, version, _linked(directory / PROGRAMS, programs, wanted), wanted)


def _newest(package: Package) -> str:
    listed = releases(package.source, package.name)
    if not listed:
        raise UsageError(f"{package.source} has no package '{package.name}'; check the 'install' of the description")
    finished = [release for release in listed if not release.is_pre] or listed
    return finished[-1].text


def _linked(place: Path, programs: Path, names: tuple[str, ...]) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        link = place / name
        link.unlink(missing_ok=True)
        link.symlink_to(programs / name)
    return place
