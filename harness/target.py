"""A target: how to start one launcher, and what it claims. Data, read from TOML or made from a command line."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import WrongCall, nearest
from harness.strict import convert

Profile = Literal["transparent", "exec", "init", "ephemeral", "sync", "cache"]
PROFILES: tuple[Profile, ...] = ("transparent", "exec", "init", "ephemeral", "sync", "cache")
COMMAND = "{command}"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One launcher.

    command: its command line; the command and its arguments are appended, or take the place of "{command}" (and
    what follows it). "{here}" is the TOML's directory, "{python}" the running interpreter.
    version: a command line that prints the version. install: how to get it, for a person.
    environment: additions to the launcher's own environment. adds: names (or patterns such as UV_*) of variables
    that the launcher declares to add for its command; changes: names of those that it declares to change.
    files: contents by path, laid out in the working directory. deviations: requirement -> why it is not met on purpose.
    slow: takes so long to start that the suite takes samples where it could do all.
    """

    name: str
    command: tuple[str, ...]
    description: str = ""
    version: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ("transparent",)
    install: str = ""
    environment: dict[str, str] = {}
    adds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    files: dict[str, str] = {}
    deviations: dict[str, str] = {}
    slow: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether this is no launcher at all: the command itself, the measure of everything."""
        return not self.command


BARE = Target(name="(the bare command)", command=())


def targets_directory() -> Path:
    """Return the directory of the targets that come with Proctor."""
    return Path(__file__).resolve().parent.parent / "targets"


def known_targets() -> dict[str, Path]:
    """Return the descriptions that come with Proctor, by name."""
    found = targets_directory().glob("*.toml"), (targets_directory() / "reference").glob("*.toml")
    return {path.stem: path for group in found for path in sorted(group)}


def load(asked: str) -> Target:
    """Find what the user calls a target: a TOML, a name in targets/, an executable, or a command line.

    Raises WrongCall when there is no such thing or it cannot be started.
    """
    if not asked.strip():
        known = ", ".join(known_targets())
        raise WrongCall(f"--target is empty; give an executable, a command line or one of: {known}")
    try:
        asked.encode()
    except UnicodeEncodeError:
        raise WrongCall(
            f"--target={asked!r}: this name is not UTF-8; make a link to it that is, and name that"
        ) from None
    if asked.endswith(".toml"):
        return load_toml(Path(asked))
    if asked in known_targets():
        return load_toml(known_targets()[asked])
    path = Path(asked)
    if "/" in asked and os.path.exists(path):  # unlike Path.exists it takes what may not be looked at for missing
        beside = [p.with_suffix(".toml") for p in (path, path.resolve())]
        for description in beside:
            if description.is_file():
                return load_toml(description)
        return Target(name=asked, command=(find_program(asked),))
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise WrongCall(f"--target={asked}: cannot be split into words: {error}") from error
    return Target(name=asked, command=(find_program(words[0], asked), *words[1:]))


def load_toml(path: Path) -> Target:
    """Read one description; raise WrongCall where it cannot be read or says something unknown."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WrongCall(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongCall(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise WrongCall(f"{path}: this is not TOML: {error}") from error
    target = convert({"name": path.stem, **data}, Target, str(path))
    if not target.command:
        raise WrongCall(f'{path}: \'command\' is empty; it takes the launcher\'s command line, such as ["tini", "--"]')
    here = str(path.resolve().parent)
    words = tuple(word.replace("{here}", here).replace("{python}", sys.executable) for word in target.command)
    try:
        program = find_program(words[0], str(path))
    except WrongCall as error:
        hint = f"; install it with: {target.install}" if target.install else ""
        raise WrongCall(f"{error}{hint}") from error
    version = tuple(word.replace("{here}", here).replace("{python}", sys.executable) for word in target.version)
    return msgspec.structs.replace(target, command=(program, *words[1:]), version=version)


def find_program(program: str, asked: str = "") -> str:
    """Return the absolute path of a program, looked for on PATH and beside the running interpreter."""
    where = f"--target={asked or program}"
    if "/" in program:
        path = Path(program)
        if not os.path.exists(path):
            raise WrongCall(f"{where}: there is no such file: {program}{_similar(path)}")
        if path.is_dir():
            raise WrongCall(f"{where}: this is a directory, not a launcher; name the executable in it")
        if not os.access(path, os.X_OK):
            raise WrongCall(f"{where}: this is not executable; chmod +x {program}, or name its interpreter as well")
        return str(path.absolute())
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if not found:
        raise WrongCall(
            f"{where}: no program '{program}' on PATH and no target of that name"
            f"{nearest(program, set(known_targets()) - {program})}; proctor targets lists those that are described"
        )
    return str(Path(found).absolute())


def _similar(path: Path) -> str:
    try:
        return nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
