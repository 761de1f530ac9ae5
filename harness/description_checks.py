"""What a description may say: each check raises UsageError where it says something else."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from proctor.harness.bounds import check_arguments, check_variables
from proctor.harness.errors import UsageError, nearest
from proctor.harness.target import (
    BUNDLE,
    COMMAND,
    HOME,
    JSON,
    LIMIT,
    LINE,
    LINES,
    NAME,
    WORK,
    GroupClaims,
    Profile,
    Target,
)

WORDS = ("{here}", "{python}", COMMAND, BUNDLE, "{home}", "{work}", "{tmp}", "{wheels}", "{tarball}", "{interpreter}")
"""Words of descriptions that stand for something else."""
WORDS_OF_SEVERAL = (NAME, LINE, JSON, LIMIT)
"""Those of descriptions of launchers of several commands."""
REQUIRED_KEY: dict[Profile, str] = {"sync": "sync", "cache": "prune"}
"""Profiles that require a command line of their own, and the key for it."""
STARTS_ANY: tuple[Profile, ...] = ("transparent", "init")
"""Profiles of launchers that can start any command."""


def checked(target: Target, shown: str) -> Target:
    """Return a target as its launcher is started; raise UsageError, with the prefix `shown`, if its description is
    wrong in itself. Whether its programs are there is not looked at."""
    if target.bundle:
        check_bundle(target, shown)
        target = msgspec.structs.replace(target, command=(BUNDLE,))
    if not target.command:
        raise UsageError(
            f'{shown}: \'command\' is empty; give the launcher\'s command line, for example ["tini", "--"]'
        )
    if target.chain or "chain" in target.profiles:
        raise UsageError(f"{shown}: a chain has no description; name its launchers: --target=tini,npm-run")
    check_files(target, shown)
    check_group(target, shown)
    check_project_environment(target, shown)
    check_words(target, shown)
    check_python(target, shown)
    check_command_lines(target, shown)
    _check_reasons(target, shown)
    _check_profiles(target, shown)
    return target


def check_files(target: Target, shown: str) -> None:
    """Raise UsageError if a file would be outside the launcher's working directory."""
    for name in target.files:
        parts = name.split("/")
        if ".." in parts or name.startswith("/") or parts[-1] in ("", ".") or "\0" in name:
            raise UsageError(
                f"{shown}: 'files' has the key {name!r}; allowed are paths of files below the launcher's working "
                'directory, without \'..\', such as "package.json" or "src/main.py"'
            )


def check_group(target: Target, shown: str) -> None:
    """Raise UsageError if a launcher of several commands is not told what they are, or one of a single command is."""
    if not target.starts_several:
        if target.group != GroupClaims():
            raise UsageError(
                f"{shown}: there is 'group', but 'profiles' does not have \"group\"; add profiles = [\"group\"] for a "
                "launcher of several commands, or leave out 'group'"
            )
        if found := [word for word in WORDS_OF_SEVERAL if word in target.command]:
            raise UsageError(
                f"{shown}: 'command' has the word {found[0]}, which is for launchers of several commands; add "
                'profiles = ["group"], or leave it out'
            )
        return
    if target.bundle:
        raise UsageError(
            f"{shown}: 'profiles' has \"group\", but a launcher with 'bundle' can start no command but proctor-tool; "
            "leave one of them out"
        )
    if COMMAND in target.command:
        raise UsageError(
            f"{shown}: 'command' has the word {COMMAND}, but a launcher of several commands is given each as a line "
            f'for a shell; write {LINE} for it, for example command = ["concurrently", "{LINE}"]'
        )
    texts = (*target.command, *target.files.values())
    if not any(word in text for word in (LINE, JSON) for text in texts):
        raise UsageError(
            f"{shown}: 'profiles' has \"group\", but neither 'command' nor a file of 'files' says where the commands "
            f'go; write {LINE} for the line of each, for example command = ["concurrently", "{LINE}"], or "Procfile" = '
            f'"{NAME}: {LINE}"'
        )
    check_limit(target, shown)


def check_limit(target: Target, shown: str) -> None:
    """Raise UsageError if there are words that limit how many commands run at once but no place for them, or the
    contrary."""
    inside = [word for word in target.command if LIMIT in word and word != LIMIT]
    if inside:
        raise UsageError(
            f"{shown}: 'command' has the word {inside[0]!r}; {LIMIT} has to be a word of its own, for 'group.limit' "
            "may be several words, and none is there where nothing limits the launcher"
        )
    if target.group.limit and LIMIT not in target.command:
        raise UsageError(
            f"{shown}: there is 'group.limit', but 'command' does not say where its words go; write the word {LIMIT} "
            f'there, for example command = ["concurrently", "{LIMIT}", "{LINE}"]'
        )
    if LIMIT in target.command and not target.group.limit:
        raise UsageError(
            f"{shown}: 'command' has the word {LIMIT}, but there is no 'group.limit'; give the words that make the "
            'launcher run one command at a time, for example limit = ["--max-processes", "1"], or leave it out'
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
    known = (*WORDS, *(WORDS_OF_SEVERAL if target.starts_several else ()))
    for key in LINES:
        for word in (*getattr(target, key), *(target.group.limit if key == "command" else ())):
            for name in re.findall(r"\{[a-z]+\}", word):
                if name not in known and (close := nearest(name, known)):
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
        if profile == "group" and not target.starts_several:
            raise UsageError(
                f"--profile=group: the description of {target.name} does not say how it is given several commands; "
                "describe that in a TOML file, and give that file as the target (docs/targets.md)"
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
