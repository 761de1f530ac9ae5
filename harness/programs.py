"""The real programs that a launcher may be asked to start as the command.

To add one: its name in `Program`, its module here, and an adaptor harness/witness/programs/run_NAME.py.
"""

from __future__ import annotations

import importlib.util
from typing import Literal, get_args

Program = Literal["ipython", "coverage", "gunicorn", "kernel", "mcp_server"]
PROGRAMS: tuple[Program, ...] = get_args(Program)
MODULES: dict[str, tuple[str, ...]] = {
    "ipython": ("IPython",), "coverage": ("coverage",), "gunicorn": ("gunicorn",), "kernel": ("ipykernel",),
    "mcp_server": ("mcp",),
}  # fmt: skip
"""The modules without which a program is not installed."""
EXTRA = "pip install 'launch-proctor[world]'"
"""What installs all of them, for the Python that runs Proctor."""


def is_installed(command: str) -> bool:
    """Whether a command can be started at all: a real program may not be installed."""
    return all(importlib.util.find_spec(module) for module in MODULES.get(command, ()))
