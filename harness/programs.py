"""The real programs that a launcher may be asked to start as the command.

To add one: its name in `Program`, its module here, and an adaptor harness/witness/programs/run_NAME.py.
"""

from __future__ import annotations

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
