"""The command line of everything that has to do with environments. `main` has that of a plain run."""

import os

from reference_launcher.command import complain
from reference_launcher.places import Failure
from reference_launcher.run_with import Options, run_tool, run_with
from reference_launcher.usage import usage_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn


WITH_VALUE = ("--with", "--from", "--python", "--cache-dir")


def subcommand(name: str, arguments: list[str], mask: set[int]) -> None:
    if name not in SUBCOMMANDS:
        usage_error(f"unknown subcommand '{name}'" if name else "no subcommand")
    SUBCOMMANDS[name](arguments, mask)


def run(arguments: list[str], mask: set[int]) -> None:
    options = Options()
    command = take_options(iter(arguments), options)
    if not command:
        usage_error("no command")
    if not options.requirements:
        usage_error("--isolated, --python and --cache-dir say how to make an environment: give --with as well")
    run_with(options, command, mask)


def tool(arguments: list[str], mask: set[int]) -> None:
    if arguments[:1] != ["run"]:
        usage_error("'tool' has one subcommand: tool run")
    options = Options()
    words = take_options(iter(arguments[1:]), options)
    if not words:
        usage_error("no tool")
    name, *rest = words
    if options.requirements:
        options.program = name
    else:
        options.requirements = [checked(name)]
    run_tool(options, take_options(iter(rest), options, only=("--exec", "--supervise")), mask)


def cache(arguments: list[str], mask: set[int]) -> None:
    from reference_launcher.prune import cache as act

    action, keep_tools, place = "", False, None
    words = iter(arguments)
    for word in words:
        if word == "--keep-tools":
            keep_tools = True
        elif word.partition("=")[0] == "--cache-dir":
            place = word.partition("=")[2] or next(words, "") or usage_error("'--cache-dir' lacks its value")
        elif word.startswith("-") or action:
            usage_error(f"unknown option '{word}'")
        else:
            action = word
    try:
        act(action, place, keep_tools, mask)
    except Failure as failure:
        fail(failure)


def sync(arguments: list[str], mask: set[int]) -> None:
    from reference_launcher.sync import sync as act

    options = Options()
    if take_options(iter(arguments), options):
        usage_error("sync has no arguments: it is for the project in the working directory")
    act(options, mask)


def fail(failure: Failure) -> "NoReturn":
    complain(os.fsencode(failure.message))
    os._exit(failure.status)


def take_options(words: "Iterator[str]", options: Options, only: tuple[str, ...] = ()) -> list[str]:
    """Take the options that `words` begin with, and return the rest. `only`: what is no such option is an argument."""
    for word in words:
        name, has_value, value = word.partition("=")
        if word == "--":
            return list(words)
        if not word.startswith("-") or (only and word not in only):
            return [word, *words]
        if word in ("--exec", "--supervise"):
            options.replace = word == "--exec"
        elif word == "--isolated":
            options.isolated = True
        elif name not in WITH_VALUE:
            usage_error(f"unknown option '{word}'")
        else:
            value = value if has_value else next(words, "")
            if not value:
                usage_error(f"'{name}' lacks its value")
            if name in ("--with", "--from"):
                options.requirements.append(checked(value))
            elif name == "--python":
                options.python = value
            else:
                options.cache = value
    return []


def checked(requirement: str) -> str:
    if not requirement.strip() or requirement.startswith("-"):
        usage_error(f"'{requirement}' is no requirement")
    return requirement


SUBCOMMANDS = {"tool": tool, "cache": cache, "sync": sync}
