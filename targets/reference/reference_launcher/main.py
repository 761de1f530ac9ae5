"""The command line of `launcher run`. Parsed by hand: importing argparse takes as long as starting the command.

A run without an environment imports as little as possible, so the other modules are imported where they are used.
"""

import os
import sys

from reference_launcher import __version__
from reference_launcher.command import exec_command


def main(arguments: list[str], mask: set[int]) -> None:
    """Run `launcher` with `arguments`. `mask` is the set of signals that were blocked when the launcher was started."""
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
    """`launcher run`. Options other than --exec and --supervise are for environments: `options.run` parses them."""
    use_exec = False
    rest = iter(arguments)
    command: list[str] = []
    for argument in rest:
        if argument == "--":
            command = list(rest)
        elif argument in ("--exec", "--supervise"):
            use_exec = argument == "--exec"
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
    # Bytes from here on. Python keeps undecodable bytes as surrogates; fsencode restores them.
    argv = [os.fsencode(argument) for argument in command]
    if use_exec:
        exec_command(argv, mask)
    else:
        from reference_launcher.supervise import supervise

        supervise(argv, mask)


def print_usage() -> None:
    from reference_launcher.usage import USAGE

    sys.stdout.write(USAGE)
