"""How a real program is started as the command, and whether it can be."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

from proctor.harness.programs import MODULES

PYTHON = (sys.executable, "-EPB")
"""The Python that runs Proctor: beside it the programs are installed. Variables of a launcher do not change what it
imports, nor does the working directory, and it writes nothing beside the adaptors."""
ADAPTORS = Path(__file__).resolve().parents[2] / "witness" / "programs"
ASK_WITHIN = 20
"""Seconds for a Python to find modules."""
_FIND = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"


def words_for(program: str) -> list[str]:
    """Return the command line that runs a program; the socket and its arguments are appended."""
    return [*PYTHON, str(ADAPTORS), program]


@functools.cache
def is_installed(command: str) -> bool:
    """Whether a command can be started at all: a real program may not be installed. What is only on the PYTHONPATH of
    Proctor is not found by the program either."""
    modules = MODULES.get(command, ())
    if not modules:
        return True
    try:
        done = subprocess.run([*PYTHON, "-c", _FIND, *modules], capture_output=True, timeout=ASK_WITHIN, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
