"""The command line. Written by hand: argparse alone would cost as much time as starting the command."""

import os
import sys

from reference_launcher import __version__
from reference_launcher.command import LAUNCHER_FAILED, become

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


USAGE = """\
usage: launcher run [OPTIONS] [--] COMMAND [ARGS...]
       launcher tool run [OPTIONS] REQ [--exec | --supervise] [--] [ARGS...]
       launcher tool run [OPTIONS] --from REQ PROGRAM [--] [ARGS...]
       launcher sync [--python X] [--cache-dir DIR]
       launcher cache prune [--keep-tools] | list | dir  [--cache-dir DIR]
       launcher --help | --version

run starts COMMAND and ends as it ends; tool run does so with the program of a distribution. sync makes .venv
for the project in the working directory.

  --supervise      stay as its parent, hand on signals, reap, and end with its status (default)
  --exec           become COMMAND: same process, nothing of the launcher is left
  --with REQ       run it in a temporary environment with this requirement (any number of them)
  --isolated       with --with: leave out the project's .venv in the working directory
  --python X       a path, a program in PATH or a version, instead of the Python that runs the launcher
  --cache-dir DIR  the cache (else $CACHE_DIRECTORY of systemd, $LAUNCHER_CACHE_DIR, the user's cache)
  --keep-tools     leave the newest environment of each tool

The exit code is the command's, 128+N when a signal N ended it, 126 when the command may not be executed,
127 when there is none, 125 when the launcher itself failed.
"""


def main(arguments: list[str], mask: set[int]) -> None:
    """`mask` is the set of signals that were blocked when the launcher was started."""
    name = arguments[0] if arguments else ""
    if name in SUBCOMMANDS:
        SUBCOMMANDS[name](arguments[1:], mask)
    elif name in OTHERS:
        other(name, arguments[1:], mask)
    elif name in ("--help", "-h"):
        sys.stdout.write(USAGE)
    elif name == "--version":
        sys.stdout.write(f"launcher {__version__}\n")
    else:
        usage_error(f"unknown subcommand '{name}'" if name else "no subcommand")


def run(arguments: list[str], mask: set[int]) -> None:
    replace = False
    rest = iter(arguments)
    command: list[str] = []
    for argument in rest:
        if argument == "--":
            command = list(rest)
        elif argument in ("--exec", "--supervise"):
            replace = argument == "--exec"
        elif argument in ("--help", "-h"):
            sys.stdout.write(USAGE)
            return
        elif argument.startswith("-"):
            if argument.partition("=")[0] in ENVIRONMENT_OPTIONS:
                run_in_environment(arguments, mask)
                return
            usage_error(f"unknown option '{argument}'")
        else:
            command = [argument, *rest]
    if not command:
        usage_error("no command")
    # Bytes from here on. What Python could not decode it kept as surrogates; fsencode gives it back.
    words = [os.fsencode(word) for word in command]
    if replace:
        become(words, mask)
    else:
        from reference_launcher.supervise import supervise

        supervise(words, mask)


ENVIRONMENT_OPTIONS = ("--with", "--isolated", "--python", "--cache-dir", "--from")


def run_in_environment(arguments: list[str], mask: set[int]) -> None:
    from reference_launcher import options  # and what that imports: a plain run has no use for it

    options.run(arguments, mask)


def other(name: str, arguments: list[str], mask: set[int]) -> None:
    from reference_launcher import options

    options.SUBCOMMANDS[name](arguments, mask)


SUBCOMMANDS = {"run": run}
OTHERS = ("tool", "sync", "cache")


def usage_error(reason: str) -> "NoReturn":
    sys.stderr.write(f"launcher: {reason}\n{USAGE}")
    sys.exit(LAUNCHER_FAILED)
