"""A target: how to start a launcher, and what it claims. Read from TOML or made from a command line."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from proctor.harness.bounds import check_arguments, check_variables
from proctor.harness.errors import UsageError, nearest
from proctor.harness.strict import convert

Profile = Literal["transparent", "exec", "init", "ephemeral", "sync", "kept", "cache"]
Invocation = Literal["run", "sync", "prune"]
"""The purpose of an invocation of the launcher."""
PROFILES: tuple[Profile, ...] = ("transparent", "exec", "init", "ephemeral", "sync", "kept", "cache")
COMMAND, BUNDLE = "{command}", "{bundle}"
WORDS = ("{here}", "{python}", COMMAND, BUNDLE, "{home}", "{work}", "{tmp}", "{wheels}", "{interpreter}")
"""Words of descriptions that stand for something else."""
LINES = ("command", "bundle", "sync", "prune", "version")
"""The keys of command lines."""
HOME, WORK = "{home}/", "{work}/"
"""How the path of the project's environment may begin."""
REQUIRED_KEY: dict[Profile, str] = {"sync": "sync", "cache": "prune"}
"""Profiles that require a command line of their own, and the key for it."""
STARTS_ANY: tuple[Profile, ...] = ("transparent", "init")
"""Profiles of launchers that can start any command."""
MIN_SIMILARITY = 0.8
"""Minimum similarity (difflib) of a file name that is suggested. It is high because a directory has many files."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One launcher.

    command: its command line. The command and its arguments are appended, or replace "{command}" and what follows it.
    "{here}" is the directory of the TOML file, "{python}" the running interpreter. version: a command line that prints
    the version. bundle: for a launcher that is the tool itself, the command line that makes it of the tool's wheel, as
    the program "{bundle}", which is then `command`. install: how to install it, for people. environment: additional
    variables for the launcher. adds: names (or patterns such as UV_*) of variables that the launcher declares to add
    for its command; changes: names of variables that it declares to change. sync, prune: the command lines that make
    the environment of the project in the working directory, and that prune the cache. project_environment: where that
    environment is, relative to the working directory; may be a pattern. own: directories that belong to the launcher.
    keeps: patterns, relative to these, of what an undisturbed run may leave there each time (log files). In all of
    these and in `environment`, "{home}", "{work}" and "{tmp}" stand for the launcher's HOME, working directory and
    TMPDIR, "{wheels}" for a directory with the wheel of the program `proctor-tool`, "{interpreter}" for the requested
    Python. python: the versions that may be requested (PEP 440), all if empty. files: file contents by path, written to
    the working directory. deviations: why the launcher deliberately does not meet a requirement, by the requirement or
    a part of it (judging/deviations.py).
    slow: the launcher starts so slowly that the suite runs samples.
    witness: how the command is linked; "dynamic" for a launcher that works by LD_PRELOAD, which a static one ignores.
    """

    name: str
    command: tuple[str, ...]
    bundle: tuple[str, ...] = ()
    description: str = ""
    version: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ("transparent",)
    install: str = ""
    environment: dict[str, str] = {}
    adds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    sync: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()
    project_environment: str = ".venv"
    python: str = ""
    own: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    files: dict[str, str] = {}
    deviations: dict[str, str] = {}
    slow: bool = False
    witness: Literal["static", "dynamic"] = "static"

    @property
    def is_bare(self) -> bool:
        """Whether this is the bare command, without a launcher."""
        return not self.command

    @property
    def has_project(self) -> bool:
        """Whether it makes an environment for the project in the working directory."""
        return bool(self.sync) or "kept" in self.profiles

    @property
    def environment_pattern(self) -> str:
        """The path of the project's environment, or the pattern for it, beginning with HOME or WORK."""
        where = self.project_environment
        place, below = ("HOME", where.removeprefix(HOME)) if where.startswith(HOME) else ("WORK", where)
        return os.path.normpath(f"{place}/{below.removeprefix(WORK)}")

    def words(self, invoke: Invocation) -> tuple[str, ...]:
        """Return the command line for an invocation."""
        return {"run": self.command, "sync": self.sync, "prune": self.prune}[invoke]


BARE = Target(name="(the bare command)", command=())


def targets_directory() -> Path:
    """Return the directory of the target descriptions that are part of Proctor."""
    return Path(__file__).resolve().parent.parent / "targets"


def known_targets() -> dict[str, Path]:
    """Return the paths of the target descriptions that are part of Proctor, by name."""
    found = targets_directory().glob("*.toml"), (targets_directory() / "reference").glob("*.toml")
    return {path.stem: path for group in found for path in sorted(group)}


def load(requested: str) -> Target:
    """Return the target for a TOML file, a name in targets/, an executable or a command line.

    Raise UsageError if it does not exist or cannot be started.
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
    if target.bundle:
        check_bundle(target, shown)
        target = msgspec.structs.replace(target, command=(BUNDLE,))
    if not target.command:
        raise UsageError(
            f'{shown}: \'command\' is empty; give the launcher\'s command line, for example ["tini", "--"]'
        )
    check_files(target, shown)
    check_project_environment(target, shown)
    check_words(target, shown)
    check_python(target, shown)
    check_command_lines(target, shown)
    _check_reasons(target, shown)
    _check_profiles(target, shown)
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


def check_files(target: Target, shown: str) -> None:
    """Raise UsageError if a file would be outside the launcher's working directory."""
    for name in target.files:
        parts = name.split("/")
        if ".." in parts or name.startswith("/") or parts[-1] in ("", ".") or "\0" in name:
            raise UsageError(
                f"{shown}: 'files' has the key {name!r}; allowed are paths of files below the launcher's working "
                'directory, without \'..\', such as "package.json" or "src/main.py"'
            )


def check_bundle(target: Target, shown: str) -> None:
    """Raise UsageError if a launcher that is the tool has a command line of its own, is made elsewhere, or claims that
    it can start other commands."""
    if target.command:
        raise UsageError(
            f"{shown}: there are both 'command' and 'bundle'; the program that 'bundle' makes is the launcher, so "
            "write command = [], or leave out 'bundle'"
        )
    if not any(BUNDLE in word for word in target.bundle):
        raise UsageError(
            f"{shown}: 'bundle' does not say where it makes the program; write {BUNDLE} for its path, for example "
            f'bundle = ["shiv", "-c", "proctor-tool", "-o", "{BUNDLE}", "proctor-tool"]'
        )
    if wrong := [profile for profile in target.profiles if profile in STARTS_ANY]:
        raise UsageError(
            f"{shown}: 'profiles' has \"{wrong[0]}\" (the default is \"transparent\"), but a launcher with 'bundle' "
            'can start no command but proctor-tool; claim what it does, for example profiles = ["ephemeral"]'
        )


def check_words(target: Target, shown: str) -> None:
    """Raise UsageError for a word that nearly is one of ours, and for the path of a program that nothing makes."""
    for key in LINES:
        for word in getattr(target, key):
            for name in re.findall(r"\{[a-z]+\}", word):
                if name not in WORDS and (close := nearest(name, WORDS)):
                    raise UsageError(f"{shown}: '{key}' has the unknown word {name}{close}")
            if BUNDLE in word and not target.bundle:
                raise UsageError(f"{shown}: '{key}' has the word {BUNDLE}, but there is no 'bundle' that makes it")


def check_python(target: Target, shown: str) -> None:
    """Raise UsageError if the versions of Python are none, or if ours is not among them."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    try:
        versions = SpecifierSet(target.python)
    except InvalidSpecifier:
        raise UsageError(f"{shown}: 'python' is {target.python!r}; give versions as PEP 440 does: \">=3.10\"") from None
    if not versions.contains(ours, prereleases=True):
        raise UsageError(
            f"{shown}: 'python' is {target.python!r}, but Proctor runs in Python {ours}, which most cases use; install "
            "Proctor in an environment of a Python that fits"
        )


def check_project_environment(target: Target, shown: str) -> None:
    """Raise UsageError if the project's environment would be outside of the launcher's own directories, or be one."""
    path = target.project_environment
    below = path.removeprefix(HOME).removeprefix(WORK)
    parts = os.path.normpath(below).split("/")
    if not below or ".." in parts or parts in (["."], ["", ""]) or below[0] == "/" or any(c in below for c in "{}\0"):
        raise UsageError(
            f"{shown}: 'project_environment' is {path!r}; allowed are a path below the launcher's working directory "
            'or below "{home}/", and a pattern for it, such as ".tox/py" or "{home}/.local/share/virtualenvs/*"'
        )


def check_command_lines(target: Target, shown: str) -> None:
    """Raise UsageError if the system cannot take a command line, or a variable, of this target."""
    for key in LINES:
        check_arguments(getattr(target, key), f"{shown}: '{key}'")
    check_variables(target.environment.items(), f"{shown}: 'environment'")


def _check_profiles(target: Target, shown: str) -> None:
    """Raise UsageError if a profile is claimed without the command line that it requires, or beside its opposite."""
    if "kept" in target.profiles:
        if target.bundle:
            raise UsageError(
                f"{shown}: 'profiles' has \"kept\", but a launcher with 'bundle' makes no environment of a project; "
                "leave one of them out"
            )
        if "ephemeral" in target.profiles:
            raise UsageError(
                f'{shown}: \'profiles\' has both "ephemeral" and "kept"; claim "kept" if the environment of a run is '
                'still there for the next run, otherwise "ephemeral"'
            )
    for profile in target.profiles:
        if key := _missing_key(target, profile):
            raise UsageError(
                f"{shown}: 'profiles' has \"{profile}\", but there is no '{key}'; add its command line, "
                f'for example {key} = ["uv", "{"sync" if key == "sync" else "cache"}"]'
            )


def with_profiles(target: Target, profiles: Iterable[Profile]) -> Target:
    """Return a target that claims these profiles too; raise UsageError if one requires a command line that the target's
    description does not have."""
    for profile in profiles:
        if target.bundle and profile in STARTS_ANY:
            raise UsageError(
                f"--profile={profile}: {target.name} is made of proctor-tool ('bundle'), so it starts no other command"
            )
        if key := _missing_key(target, profile):
            raise UsageError(
                f"--profile={profile}: {target.name} has no command line '{key}'; describe the launcher in a TOML file "
                "that has one, and give that file as the target (docs/targets.md)"
            )
    return msgspec.structs.replace(target, profiles=tuple(dict.fromkeys((*target.profiles, *profiles))))


def _missing_key(target: Target, profile: Profile) -> str:
    """Return the key for the command line that this profile requires and the target lacks; "" if it lacks none."""
    key = REQUIRED_KEY.get(profile, "")
    return key if key and not getattr(target, key) else ""


def _check_reasons(target: Target, shown: str) -> None:
    for name, reason in target.deviations.items():
        if not reason.strip():
            raise UsageError(
                f"{shown}: 'deviations.{name}' has no reason; say why the launcher deliberately does not meet {name}, "
                "and where its documentation says so"
            )


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
