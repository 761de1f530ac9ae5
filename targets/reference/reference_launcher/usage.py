"""The usage text, and usage errors. A run without an environment imports this only to print one of them."""

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

run starts COMMAND and exits with its status. tool run does the same with the program of a distribution. sync makes
.venv for the project in the working directory.

  --supervise      stay as the parent of COMMAND, forward signals, reap, exit with its status (default)
  --exec           replace the launcher by COMMAND: same process, no launcher remains
  --with REQ       run COMMAND in a temporary environment with this requirement (can be repeated)
  --isolated       with --with: leave out the project's .venv in the working directory
  --python X       a path, a program in PATH or a version, instead of the Python that runs the launcher
  --cache-dir DIR  the cache (default: $CACHE_DIRECTORY of systemd, $LAUNCHER_CACHE_DIR, the user's cache)
  --keep-tools     keep the newest environment of each tool

Exit status: that of COMMAND; 128+N when signal N terminated it; 126 when it cannot be executed; 127 when it is not
found; 125 when the launcher itself failed.
"""


def usage_error(reason: str) -> "NoReturn":
    """Print `reason` and the usage text, and exit with 125."""
    sys.stderr.write(f"launcher: {reason}\n{USAGE}")
    sys.exit(LAUNCHER_FAILED)
