"""The command line. Written by hand: argparse alone would cost as much time as starting the command."""

import os
import sys

from reference_launcher import __version__
from reference_launcher.command import LAUNCHER_FAILED, become

USAGE = """\
usage: launcher run [--exec | --supervise] [--] COMMAND [ARGS...]
       launcher --help | --version

Starts COMMAND and ends as it ends.

  --supervise  stay as its parent, hand on signals, reap, and end with its status (default)
  --exec       become COMMAND: same process, nothing of the launcher is left

The exit code is the command's, 128+N when a signal N ended it, 126 when the command may not be executed,
127 when there is none, 125 when the launcher itself failed.
"""


def main(arguments: list[str], mask: set[int]) -> None:
    """`mask` is the set of signals that were blocked when the launcher was started."""
    name = arguments[0] if arguments else ""
    if name in SUBCOMMANDS:
        SUBCOMMANDS[name](arguments[1:], mask)
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


SUBCOMMANDS = {"run": run}


def usage_error(reason: str) -> None:
    sys.stderr.write(f"launcher: {reason}\n{USAGE}")
    sys.exit(LAUNCHER_FAILED)
