"""The command line. Written by hand: argparse alone would cost as much time as starting the command.

Whatever a plain run does not need is imported inside the function that needs it: each import adds to the start-up
time, and this module is on the path of every run.
"""

import os
import sys

from reference_launcher import __version__
from reference_launcher.command import become


def main(arguments: list[str], mask: set[int]) -> None:
    """`mask` is the set of signals that were blocked when the launcher was started."""
    name = arguments[0] if arguments else ""
    if name == "run":
        run(arguments[1:], mask)
    elif name in ("--help", "-h"):
        print_usage()
    elif name == "--version":
        sys.stdout.write(f"launcher {__version__}\n")
    else:
        from reference_launcher.options import subcommand

        subcommand(name, arguments[1:], mask)


def run(arguments: list[str], mask: set[int]) -> None:
    """Parse the options of a plain run. With any other option it is a run in an environment: see `options.run`."""
    replace = False
    rest = iter(arguments)
    command: list[str] = []
    for argument in rest:
        if argument == "--":
            command = list(rest)
        elif argument in ("--exec", "--supervise"):
            replace = argument == "--exec"
        elif argument in ("--help", "-h"):
            print_usage()
            return
        elif argument.startswith("-"):
            from reference_launcher import options

            options.run(arguments, mask)
            return
        else:
            command = [argument, *rest]
    if not command:
        from reference_launcher.usage import usage_error

        usage_error("no command")
    # Bytes from here on. What Python could not decode it kept as surrogates; fsencode gives it back.
    words = [os.fsencode(word) for word in command]
    if replace:
        become(words, mask)
    else:
        from reference_launcher.supervise import supervise

        supervise(words, mask)


def print_usage() -> None:
    from reference_launcher.usage import USAGE

    sys.stdout.write(USAGE)
