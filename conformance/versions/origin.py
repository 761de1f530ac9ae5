"""Whose package a launcher is, pip's or npm's, and which versions of it there are."""

from __future__ import annotations

import re

from proctor.conformance.versions.managers import MANAGERS, PackageRelease, Source
from proctor.conformance.versions.packages import named_in, packages_of_targets, releases
from proctor.harness.errors import UsageError, nearest

_NAME = re.compile(r"(@[\w.-]+/)?\w[\w.-]*(\[[\w,.-]+\])?")


def source_of(name: str, install: str = "") -> Source:
    """Return who installs a package: as the line `install` of its target says, as another target says, else the one
    that knows the name; raise WrongCall where that is nobody, or both."""
    _check(name)
    own, described = named_in(install), packages_of_targets()
    plain = name.partition("[")[0]
    if own and own.name == plain:
        return own.source
    if plain in described:
        return described[plain].source
    knowing = [source for source, manager in MANAGERS.items() if manager.is_there() and releases(source, name)]
    if len(knowing) > 1:
        raise UsageError(
            f"--launcher={name}: pip and npm both have a package of that name; add --from pip or --from npm"
        )
    if not knowing:
        raise UsageError(_no_such(name, "no such package"))
    return knowing[0]


def listed(source: Source, name: str, withdrawn: bool) -> list[PackageRelease]:
    """Return the versions of a package, oldest first; raise WrongCall where there is no such package."""
    _check(name)
    found = releases(source, name, withdrawn)
    if not found:
        raise UsageError(_no_such(name, f"{source} has no such package, or no version of it for this system"))
    return found


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"--launcher={name}: this is no name of a package; name it as pip or npm do, such as uv")


def _no_such(name: str, what: str) -> str:
    asked = [source for source, manager in MANAGERS.items() if manager.is_there()]
    return (
        f"--launcher={name}: {what}{nearest(name, packages_of_targets())}; asked: {', '.join(asked)}, as they are "
        "configured here. Another index: see `pip config`, `npm config`"
    )
