"""The real programs of cases: those that a launcher starts as the command, and those that start the launcher.

To add a command: its name in `Program`, what it needs, and an adaptor harness/witness/programs/run_NAME.py. To add a
parent: its name in scenario.REAL_PARENTS, what it needs, and a class in harness/runner/parents/.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

Program = Literal["ipython", "coverage", "gunicorn", "kernel", "mcp_server"]
PROGRAMS: tuple[Program, ...] = get_args(Program)
EXTRA = "pip install 'launch-proctor[world]'"
"""What installs all modules, for the Python that runs Proctor."""


class Needs(NamedTuple):
    """The modules without which a program is not installed, and the programs, with the Debian package that has them."""

    modules: tuple[str, ...]
    programs: tuple[str, ...] = ()
    package: str = ""


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
    "mcp-host": Needs(("mcp",)),
}


def _is_importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def missing(name: str, has: Callable[[str], bool] = _is_importable) -> str:
    """Return what has to be installed before a case can use this program; "" if nothing has. has: whether a module can
    be imported."""
    needs = NEEDS.get(name, Needs(()))
    programs = [f"{program} (Debian: {needs.package})" for program in needs.programs if not find_program(program)]
    return ", ".join([*programs, *(module for module in needs.modules if not has(module))])


def find_program(name: str) -> str | None:
    """Return the path of a program, None where there is none. Those for root may not be on a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
