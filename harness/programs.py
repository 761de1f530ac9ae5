"""The real programs of cases: those that a launcher starts as the command, and those that start the launcher.

To add a command: its name in `Program`, what it needs, and an adaptor harness/witness/programs/run_NAME.py. To add a
parent: its name in scenario.REAL_PARENTS, what it needs, and a class in harness/runner/parents/.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

Program = Literal["ipython", "coverage", "gunicorn", "kernel", "mcp_server"]
PROGRAMS: tuple[Program, ...] = get_args(Program)
EXTRA = "pip install 'launch-proctor[world]'"
"""What installs all modules, for the Python that runs Proctor."""


class Needs(NamedTuple):
    """What a program is not installed without: modules, and programs. Of these, the Debian package (package) or the
    package of npm that has them."""

    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    package: str = ""
    npm: str = ""

    @property
    def line(self) -> str:
        """The command line that installs the programs, "" where there are none."""
        if self.npm:
            return f"npm install --global {self.npm}"
        return f"apt-get install {self.package}" if self.package else ""


NEEDS: dict[str, Needs] = {
    "ipython": Needs(("IPython",)),
    "coverage": Needs(("coverage",)),
    "gunicorn": Needs(("gunicorn",)),
    "kernel": Needs(("ipykernel",)),
    "mcp_server": Needs(("mcp",)),
    "supervisord": Needs(("supervisor",)),
    "sshd": Needs(("fabric",), ("sshd", "ssh-keygen"), "openssh-server"),
    "jupyter": Needs(("jupyter_client",)),
    "watchfiles": Needs(("watchfiles",)),
    "nodemon": Needs(programs=("nodemon",), npm="nodemon"),
    "mcp-host": Needs(("mcp",)),
}


def _is_importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def missing(name: str, has: Callable[[str], bool] = _is_importable) -> str:
    """Return what has to be installed before a case can use this program, with the lines that do it; "" if nothing has.
    has: whether a module can be imported."""
    needs = NEEDS.get(name, Needs())
    lacking = {
        needs.line: [program for program in needs.programs if not find_program(program)],
        EXTRA: [module for module in needs.modules if not has(module)],
    }
    return ", ".join(f"{', '.join(names)} ({line})" for line, names in lacking.items() if names)


def find_program(name: str) -> str | None:
    """Return the path of a program, None where there is none. Those for root may not be on a user's PATH, and what was
    installed into the environment of this Python is not on it either, unless that is active."""
    beside = os.path.dirname(sys.executable)
    return shutil.which(name) or shutil.which(name, path=f"{beside}:/usr/sbin:/usr/local/sbin:/sbin")
