"""A target: how to start one launcher, and what it claims. Data, read from TOML or made from a command line."""

from __future__ import annotations

import difflib
import os
import shlex
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from proctor.harness.errors import UsageError, nearest
from proctor.harness.strict import convert

Profile = Literal["transparent", "exec", "init", "ephemeral", "sync", "cache"]
Invocation = Literal["run", "sync", "prune"]
"""What a launcher is called for."""
PROFILES: tuple[Profile, ...] = ("transparent", "exec", "init", "ephemeral", "sync", "cache")
COMMAND = "{command}"
NEEDED: dict[Profile, str] = {"sync": "sync", "cache": "prune"}
"""Profiles that take a command line of their own."""
CLOSE = 0.8
"""How alike the name of a file has to be to be suggested: a directory holds many, and some letters they all share."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One launcher.

    command: its command line; the command and its arguments are appended, or take the place of "{command}" (and
    what follows it). "{here}" is the TOML's directory, "{python}" the running interpreter.
    version: a command line that prints the version. install: how to get it, for a person.
    environment: additions to the launcher's own environment. adds: names (or patterns such as UV_*) of variables
    that the launcher declares to add for its command; changes: names of those that it declares to change.
    sync, prune: the command lines that make the environment of the project in the working directory, and that prune
    the cache. own: directories in which the launcher may keep what it likes. keeps: patterns, relative to these, of
    what an undisturbed run may leave there each time (log files). In all of these and in `environment` the words
    "{home}", "{work}" and "{tmp}" stand for the launcher's HOME, working directory and TMPDIR, "{wheels}" for a
    directory with the wheel of the program `proctor-tool`, "{interpreter}" for the Python that is asked for.
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
    sync: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    files: dict[str, str] = {}
    deviations: dict[str, str] = {}
    slow: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether this is no launcher at all: the command itself, the measure of everything."""
        return not self.command

    def words(self, invoke: Invocation) -> tuple[str, ...]:
        """Return the command line of one kind of call."""
        return {"run": self.command, "sync": self.sync, "prune": self.prune}[invoke]


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
        raise UsageError(f"--target is empty; give an executable, a command line or one of: {known}")
    try:
        asked.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"--target={asked!r}: this name is not UTF-8; make a symbolic link with a UTF-8 name and give that"
        ) from None
    if asked.endswith(".toml"):
        return load_toml(Path(asked), asked)
    if asked in known_targets():
        return load_toml(known_targets()[asked])
    path = Path(asked)
    if "/" in asked and os.path.islink(path) and not os.path.exists(path):
        raise UsageError(f"--target={asked}: {_missing(path)}")
    if "/" in asked and os.path.exists(path):  # unlike Path.exists it takes what may not be looked at for missing
        beside = [p.with_suffix(".toml") for p in (path, path.resolve())]
        for description in beside:
            if description.is_file():
                return load_toml(description)
        return Target(name=asked, command=(find_program(asked),))
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise UsageError(f"--target={asked}: cannot be split into words: {error}") from error
    return Target(name=asked, command=(find_program(words[0], asked), *words[1:]))


def load_toml(path: Path, shown: str = "") -> Target:
    """Read one description; raise WrongCall where it cannot be read or says something unknown. shown: the path as the
    user gave it."""
    shown = shown or str(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{shown}: {_missing(path)}{'' if path.is_symlink() else _similar(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{shown}: this is not TOML: {error}") from error
    target = convert({"name": path.stem, **data}, Target, shown)
    if not target.command:
        raise UsageError(
            f'{shown}: \'command\' is empty; give the launcher\'s command line, for example ["tini", "--"]'
        )
    _check_files(target, shown)
    _check_reasons(target, shown)
    _check_profiles(target, shown)
    here = str(path.resolve().parent)

    def resolve(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.replace("{here}", here).replace("{python}", sys.executable) for word in words)

    lines = {key: resolve(getattr(target, key)) for key in ("command", "sync", "prune", "version")}
    return found_here(msgspec.structs.replace(target, **lines), shown)


def found_here(target: Target, shown: str) -> Target:
    """Return a target with its programs by their absolute paths here; raise WrongCall, about `shown`, where one is
    missing."""
    lines = {key: line for key in ("command", "sync", "prune") if (line := getattr(target, key))}
    found = {key: (_program_of(key, line[0], target, shown), *line[1:]) for key, line in lines.items()}
    if target.version and not (of_version := _look_for(target.version[0]))[1]:  # else there is just no version to say
        found["version"] = (of_version[0], *target.version[1:])
    return msgspec.structs.replace(target, **found)


def _program_of(key: str, program: str, target: Target, shown: str) -> str:
    """Return the absolute path of the program that a command line of the target begins with, or raise WrongCall."""
    if key != "command" and "{" in program:
        return program  # a place that is known only when it is called
    found, trouble = _look_for(program)
    if trouble:
        what = f": {trouble}" if found else f", which is not installed: {trouble}"
        hint = f"; install it with: {target.install}" if target.install else ""
        raise UsageError(f"{shown}: '{key}' names the program '{program}'{what}{hint}")
    return found


def _check_files(target: Target, shown: str) -> None:
    """Raise WrongCall where a file would lie elsewhere than in the launcher's working directory."""
    for name in target.files:
        parts = name.split("/")
        if ".." in parts or name.startswith("/") or parts[-1] in ("", ".") or "\0" in name:
            raise UsageError(
                f"{shown}: 'files' has the key {name!r}; allowed are paths of files below the launcher's working "
                'directory, without \'..\', such as "package.json" or "src/main.py"'
            )


def _check_profiles(target: Target, shown: str) -> None:
    """Raise WrongCall where a profile is claimed, but not how to call the launcher for it."""
    for profile, key in NEEDED.items():
        if profile in target.profiles and not getattr(target, key):
            raise UsageError(
                f"{shown}: 'profiles' has \"{profile}\", but there is no '{key}'; add its command line, "
                f'for example {key} = ["uv", "{"sync" if key == "sync" else "cache"}"]'
            )


def _check_reasons(target: Target, shown: str) -> None:
    for name, reason in target.deviations.items():
        if not reason.strip():
            raise UsageError(
                f"{shown}: 'deviations.{name}' has no reason; say why the launcher deliberately does not meet {name}, "
                "and where its documentation says so"
            )


def find_program(program: str, asked: str = "") -> str:
    """Return the absolute path of a program, looked for on PATH and beside the running interpreter."""
    where = f"--target={asked or program}"
    found, trouble = _look_for(program)
    if not trouble:
        return found
    if found:
        raise UsageError(f"{where}: {trouble}")
    if program and os.path.lexists(program):
        what = "a directory" if os.path.isdir(program) else "a file"
        raise UsageError(
            f"{where}: no program '{program}' on PATH, but there is {what} of that name here: did you mean ./{program}?"
        )
    raise UsageError(
        f"{where}: no program '{program}' on PATH and no target of that name"
        f"{nearest(program, set(known_targets()) - {program})}; `proctor targets` lists the known targets"
    )


def _look_for(program: str) -> tuple[str, str]:
    """Return the absolute path of a program and "", or what is wrong with it; no path where PATH does not have it."""
    if "/" not in program:
        found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
        return (str(Path(found).absolute()), "") if found else ("", "there is no such program on PATH")
    path = Path(program)
    trouble = ""
    if not os.path.exists(path):
        trouble = f"{_missing(path)}: {program}{_similar(path)}" if not os.path.lexists(path) else _missing(path)
    elif path.is_dir():
        trouble = "this is a directory, not a launcher; name the executable in it"
    elif not os.access(path, os.X_OK):
        trouble = f"this is not executable; chmod +x {program}, or put its interpreter before it"
    return str(path.absolute()), trouble


def _missing(path: Path) -> str:
    """Say how a path leads to nothing."""
    try:
        there = os.readlink(path)
    except OSError:
        return "there is no such file"
    return f"this is a symbolic link to {there}, which does not exist or is part of a loop; correct the link"


def _similar(path: Path) -> str:
    try:
        others = [entry.name for entry in path.parent.iterdir() if entry.name != path.name]
    except OSError:
        return ""
    return nearest(path.name, difflib.get_close_matches(path.name, others, n=1, cutoff=CLOSE))
