"""Reads a target from its description in TOML, or makes it of a command line."""

from __future__ import annotations

import difflib
import os
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import msgspec

from proctor.harness.chains import SEPARATOR, chained
from proctor.harness.description_checks import checked
from proctor.harness.errors import UsageError, nearest
from proctor.harness.strict import convert
from proctor.harness.target import BUNDLE, LINES, Target

MIN_SIMILARITY = 0.8
"""Minimum similarity (difflib) of a file name that is suggested. It is high because a directory has many files."""


def targets_directory() -> Path:
    """Return the directory of the target descriptions that are part of Proctor."""
    return Path(__file__).resolve().parent.parent / "targets"


def known_targets() -> dict[str, Path]:
    """Return the paths of the target descriptions that are part of Proctor, by name."""
    found = targets_directory().glob("*.toml"), (targets_directory() / "reference").glob("*.toml")
    return {path.stem: path for group in found for path in sorted(group)}


def load(requested: str) -> Target:
    """Return the target for a TOML file, a name in targets/, an executable or a command line.

    Several of them with commas between are a chain, outermost first. Raise UsageError if it does not exist or cannot be
    started.
    """
    if not requested.strip():
        known = ", ".join(known_targets())
        raise UsageError(f"the target is empty; give an executable, a command line or one of: {known}")
    try:
        requested.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{requested!r}: this name is not UTF-8; make a symbolic link with a UTF-8 name and give that"
        ) from None
    if links := _links(requested):
        return chained([load(link) for link in links], requested)
    if description := description_of(requested):
        return load_toml(description, requested if requested.endswith(".toml") else "")
    path = Path(requested)
    if "/" in requested and os.path.islink(path) and not os.path.exists(path):
        raise UsageError(f"{requested}: {_missing(path)}")
    if "/" in requested and os.path.exists(path):  # unlike Path.exists, this is False for an inaccessible path
        return Target(name=requested, command=(find_program(requested),))
    try:
        words = shlex.split(requested)
    except ValueError as error:
        raise UsageError(f"{requested}: cannot be split into words: {error}") from error
    return Target(name=requested, command=(find_program(words[0], requested), *words[1:]))


def _links(requested: str) -> list[str]:
    """Return the targets that a chain names; none where this is something else that has a comma in it."""
    links = [link.strip() for link in requested.split(SEPARATOR)]
    is_one = len(links) < 2 or os.path.exists(requested) or not all(map(_can_be_loaded, links))
    return [] if is_one else links


def _can_be_loaded(requested: str) -> bool:
    if description_of(requested) or os.path.exists(requested):
        return True
    program = requested.split(maxsplit=1)[0] if requested.strip() else ""
    return bool(program) and not _search(program)[1]


def description_of(requested: str) -> Path | None:
    """Return the TOML file that load() reads for this target; None for an executable or a command line without one."""
    if requested.endswith(".toml"):
        return Path(requested)
    if requested in known_targets():
        return known_targets()[requested]
    path = Path(requested)
    if "/" in requested and os.path.exists(path):  # unlike Path.exists, this is False for an inaccessible path
        return next((one for p in (path, path.resolve()) if (one := p.with_suffix(".toml")).is_file()), None)
    return None


def described_by(requested: str) -> str:
    """Say which description load() reads for this target, for people."""
    if links := _links(requested):
        return f"a chain: {'; '.join(map(described_by, links))}"
    path = description_of(requested)
    if path is None:
        return f"none: {'an executable' if os.path.exists(requested) else 'a command line'}, profile transparent"
    ours = targets_directory()
    if path.resolve().is_relative_to(ours):
        return f"{path.resolve().relative_to(ours.parent)} of Proctor"
    return str(path)


class NotInstalled(UsageError):
    """A program that a description names is not on this system. All else in the description is as it should be."""


def load_toml(path: Path, shown: str = "") -> Target:
    """Read a target description; raise UsageError if it cannot be read or has an error. shown: the path as the user
    gave it."""
    shown = shown or str(path)
    target = described_in(path, shown)
    target = checked(target, shown)
    here = str(path.resolve().parent)

    def resolve(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.replace("{here}", here).replace("{python}", sys.executable) for word in words)

    lines = {key: resolve(getattr(target, key)) for key in LINES}
    return with_absolute_programs(msgspec.structs.replace(target, **lines), shown)


def described_in(path: Path, shown: str) -> Target:
    """Return the target of a TOML file as it is written there; raise UsageError if the file cannot be read, or is no
    description."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{shown}: {_missing(path)}{'' if path.is_symlink() else _similar(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown}: cannot be read: {error}") from error
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # an integer of more than 4300 digits is a ValueError
        raise UsageError(f"{shown}: this is not TOML: {error}") from error
    return convert({"name": path.stem, **data}, Target, shown)


def with_absolute_programs(target: Target, shown: str) -> Target:
    """Return a target with absolute paths of its programs on this system; raise UsageError, with the prefix `shown`, if
    one is missing."""
    lines = {key: line for key in ("command", "bundle", "sync", "prune") if (line := getattr(target, key))}
    found = {key: (_program_of(key, line[0], target, shown), *line[1:]) for key, line in lines.items()}
    if target.version and not (of_version := _search(target.version[0]))[1]:
        found["version"] = (of_version[0], *target.version[1:])
    return msgspec.structs.replace(target, **found)


def _program_of(key: str, program: str, target: Target, shown: str) -> str:
    """Return the absolute path of the program of a command line; raise UsageError if it is missing."""
    if program == BUNDLE or (key != "command" and "{" in program):
        return program  # a placeholder that is replaced when the launcher starts
    found, problem = _search(program)
    if problem:
        what = f": {problem}" if found else f", which is not installed: {problem}"
        hint = f"; install it with: {target.install}" if target.install else ""
        raise (UsageError if found else NotInstalled)(f"{shown}: '{key}' names the program '{program}'{what}{hint}")
    return found


def find_program(program: str, requested: str = "") -> str:
    """Return the absolute path of a program, searched on PATH and next to the running interpreter; raise UsageError if
    it is missing."""
    where = requested or program
    prefix = "" if where == program else f"{where}: "
    found, problem = _search(program)
    if not problem:
        return found
    if os.path.isdir(program):
        raise UsageError(f"{prefix}'{program}' is a directory; name an executable")
    if found:
        raise UsageError(f"{prefix}{program}: {problem}")
    if program and os.path.lexists(program):
        raise UsageError(
            f"{prefix}no program '{program}' on PATH, but there is a file of that name here: did you mean ./{program}?"
        )
    raise UsageError(
        f"{prefix}no program '{program}' on PATH and no target of that name"
        f"{nearest(program, set(known_targets()) - {program})}; `proctor targets` lists the known targets"
    )


def _search(program: str) -> tuple[str, str]:
    """Return the absolute path of a program and ""; or the path, "" if PATH does not have it, and the problem."""
    if "/" not in program:
        found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
        return (str(Path(found).absolute()), "") if found else ("", "there is no such program on PATH")
    path = Path(program)
    problem = ""
    if not os.path.exists(path):
        problem = _missing(path) + ("" if os.path.lexists(path) else _similar(path))
    elif path.is_dir():
        problem = "this is a directory, not a launcher; name the executable in it"
    elif not os.access(path, os.X_OK):
        problem = f"this is not executable; chmod +x {program}, or put its interpreter before it"
    return str(path.absolute()), problem


def _missing(path: Path) -> str:
    """Return why a path does not exist."""
    try:
        destination = os.readlink(path)
    except (OSError, ValueError):  # ValueError: a NUL character
        return "there is no such file"
    return f"this is a symbolic link to {destination}, which does not exist or is part of a loop; correct the link"


def _similar(path: Path) -> str:
    try:
        others = [entry.name for entry in path.parent.iterdir() if entry.name != path.name]
    except OSError:
        return ""
    return nearest(path.name, difflib.get_close_matches(path.name, others, n=1, cutoff=MIN_SIMILARITY))
