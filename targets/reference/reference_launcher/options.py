"""The subcommands and options that have to do with environments. `main` has those of a run without one."""

import os

from reference_launcher.command import print_error
from reference_launcher.directories import Failure
from reference_launcher.run_with import Options, run_tool, run_with
from reference_launcher.usage import usage_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS_WITH_VALUE = ("--with", "--from", "--python", "--cache-dir")
MODES = ("--exec", "--supervise")


def subcommand(name: str, arguments: list[str], mask: set[int]) -> None:
    """Run the subcommand `name`."""
    if name not in SUBCOMMANDS:
        usage_error(f"unknown subcommand '{name}'" if name else "no subcommand")
    SUBCOMMANDS[name](arguments, mask)


def run(arguments: list[str], mask: set[int]) -> None:
    """`launcher run` with one of the options for environments."""
    options = Options()
    command = parse_options(iter(arguments), options)
    if not command:
        usage_error("no command")
    if not options.requirements:
        usage_error("--isolated, --python and --cache-dir describe an environment: they need --with")
    run_with(options, command, mask)


def tool(arguments: list[str], mask: set[int]) -> None:
    """`launcher tool run`."""
    if arguments[:1] != ["run"]:
        usage_error("'tool' has one subcommand: tool run")
    options = Options()
    words = parse_options(iter(arguments[1:]), options)
    if not words:
        usage_error("no tool")
    name, *rest = words
    if options.requirements:
        options.program = name
    else:
        options.requirements = [checked_requirement(name)]
    run_tool(options, parse_options(iter(rest), options, allowed=MODES), mask)


def cache(arguments: list[str], mask: set[int]) -> None:
    """`launcher cache`."""
    from reference_launcher import prune

    action, keep_tools, directory = "", False, None
    words = iter(arguments)
    for word in words:
        if word == "--keep-tools":
            keep_tools = True
        elif word.partition("=")[0] == "--cache-dir":
            directory = word.partition("=")[2] or next(words, "") or usage_error("'--cache-dir' needs a value")
        elif word.startswith("-") or action:
            usage_error(f"unknown option '{word}'")
        else:
            action = word
    try:
        prune.cache(action, directory, keep_tools, mask)
    except Failure as failure:
        print_error(os.fsencode(failure.message))
        os._exit(failure.status)


def sync(arguments: list[str], mask: set[int]) -> None:
    """`launcher sync`."""
    from reference_launcher.sync import sync

    options = Options()
    if parse_options(iter(arguments), options):
        usage_error("sync takes no arguments: it is for the project in the working directory")
    sync(options, mask)


def parse_options(words: "Iterator[str]", options: Options, allowed: tuple[str, ...] = ()) -> list[str]:
    """Store the options at the start of `words` in `options`; return the remaining words.

    If `allowed` is given, a word that is not in it is not an option but the first remaining word.
    """
    for word in words:
        name, has_value, value = word.partition("=")
        if word == "--":
            return list(words)
        if not word.startswith("-") or (allowed and word not in allowed):
            return [word, *words]
        if word in MODES:
            options.use_exec = word == "--exec"
        elif word == "--isolated":
            options.isolated = True
        elif name not in OPTIONS_WITH_VALUE:
            usage_error(f"unknown option '{word}'")
        else:
            value = value if has_value else next(words, "")
            if not value:
                usage_error(f"'{name}' needs a value")
            if name in ("--with", "--from"):
                options.requirements.append(checked_requirement(value))
            elif name == "--python":
                options.python = value
            else:
                options.cache = value
    return []


def checked_requirement(requirement: str) -> str:
    """Return `requirement`; exit with a usage error if it is empty or an option."""
    if not requirement.strip() or requirement.startswith("-"):
        usage_error(f"'{requirement}' is not a requirement")
    return requirement


SUBCOMMANDS = {"tool": tool, "cache": cache, "sync": sync}
