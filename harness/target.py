"""A target: how to start a launcher, and what it claims."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import msgspec

Profile = Literal["transparent", "exec", "init", "ephemeral", "sync", "kept", "cache", "group", "chain"]
Invocation = Literal["run", "sync", "prune"]
"""The purpose of an invocation of the launcher."""
PROFILES: tuple[Profile, ...] = ("transparent", "exec", "init", "ephemeral", "sync", "kept", "cache", "group", "chain")
COMMAND, BUNDLE = "{command}", "{bundle}"
NAME, LINE, JSON, LIMIT = "{name}", "{line}", "{json}", "{limit}"
OF_EACH = (NAME, LINE, JSON)
"""Words for one of several commands: its name, its line for a shell, and that line as a JSON string. The word of a
command line, or the line of a file, that has one of these is repeated for each command."""
LINES = ("command", "bundle", "sync", "prune", "version")
"""The keys of command lines."""
NODE_MODULES = "node_modules"
"""The name of an environment of Node."""
HOME, WORK = "{home}/", "{work}/"
"""How the path of the project's environment may begin."""


class GroupClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a launcher of several commands says about itself.

    ends: when it ends all others: never, when "any" of them has ended, or only after a "failure". status: its exit
    status after a failure: a code, or "command" for the code of the command that failed first; any but 0 if nothing is
    said. counts: which commands have to end with 0 for its status to be 0: all, or the one that ends first or last.
    grace: seconds after which it ends what a signal did not end; 0: it says nothing. limit: words that make it run one
    command at a time; they take the place of "{limit}", which is nothing otherwise.
    """

    ends: Literal["never", "any", "failure"] = "never"
    status: Annotated[int, msgspec.Meta(ge=1, le=255)] | Literal["", "command"] = ""
    counts: Literal["all", "first", "last"] = "all"
    grace: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0
    limit: tuple[str, ...] = ()


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
    TMPDIR, "{wheels}" for a directory with the wheel of the program `proctor-tool`, "{tarball}" for the npm package of
    it, "{interpreter}" for the requested Python. python: the versions that may be requested (PEP 440), all if empty.
    files: file contents by path, written to the working directory. deviations: why the launcher deliberately does not
    meet a requirement, by the requirement or a part of it (judging/deviations.py). group: what a launcher of several
    commands says about itself.
    slow: the launcher starts so slowly that the suite runs samples.
    chain: the names of the launchers that it is made of, outermost first; not for descriptions (chains.py).
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
    group: GroupClaims = GroupClaims()
    chain: tuple[str, ...] = ()
    slow: bool = False
    witness: Literal["static", "dynamic"] = "static"

    @property
    def is_bare(self) -> bool:
        """Whether this is the bare command, without a launcher."""
        return not self.command

    @property
    def starts_several(self) -> bool:
        """Whether it starts several commands at once."""
        return "group" in self.profiles

    @property
    def has_project(self) -> bool:
        """Whether it makes an environment for the project in the working directory."""
        return bool(self.sync) or "kept" in self.profiles

    @property
    def is_of_node(self) -> bool:
        """Whether the project is one of Node: its environment is a node_modules."""
        return self.has_project and os.path.basename(os.path.normpath(self.project_environment)) == NODE_MODULES

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
