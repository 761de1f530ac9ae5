"""The usage text and usage errors. Imported only when one of them is printed, or by `options`."""

import sys

from reference_launcher.command import LAUNCHER_FAILED

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


def usage_error(reason: str) -> "NoReturn":
    """Print `reason` and the usage text, and exit with 125."""
    sys.stderr.write(f"launcher: {reason}\n{USAGE}")
    sys.exit(LAUNCHER_FAILED)
