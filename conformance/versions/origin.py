"""Finds the package manager of a launcher, pip or npm, and the versions of its package."""

from __future__ import annotations

import re

from proctor.conformance.versions.managers import MANAGERS, PackageRelease, Source
from proctor.conformance.versions.packages import named_in, packages_of_targets, releases
from proctor.harness.errors import UsageError, nearest

_NAME = re.compile(r"(@[\w.-]+/)?\w[\w.-]*(\[[\w,.-]+\])?")


def source_of(name: str, install: str = "") -> Source:
    """Return the package manager of a package: that of its target's `install` line, else that of another target, else
    the one that has a package of this name. UsageError if neither has one, or both have."""
    _check_name(name)
    own, described = named_in(install), packages_of_targets()
    plain = name.partition("[")[0]
    if own and own.name == plain:
        return own.source
    if plain in described:
        return described[plain].source
    knowing = [source for source, manager in MANAGERS.items() if manager.is_there() and releases(source, name)]
    if len(knowing) > 1:
        raise UsageError(
            f"--launcher={name}: pip and npm both have a package of this name; add --from pip or --from npm"
        )
    if not knowing:
        raise UsageError(_not_found(name, "there is no such package"))
    return knowing[0]


def listed(source: Source, name: str, withdrawn: bool) -> list[PackageRelease]:
    """Return the versions of a package, oldest first; UsageError if there is no such package."""
    _check_name(name)
    found = releases(source, name, withdrawn)
    if not found:
        raise UsageError(_not_found(name, f"{source} has no such package, or no version of it for this system"))
    return found


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"--launcher={name}: not a package name; write it as for pip or npm, such as uv")


def _not_found(name: str, what: str) -> str:
    asked = [source for source, manager in MANAGERS.items() if manager.is_there()]
    return (
        f"--launcher={name}: {what}{nearest(name, packages_of_targets())}; asked {' and '.join(asked)}. Check the "
        "name. To use another index, see `pip config` or `npm config`"
    )
