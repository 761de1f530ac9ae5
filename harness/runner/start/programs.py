"""How a real program is started as the command, and whether it can be."""

from __future__ import annotations

import functools
import grp
import os
import subprocess
import sys
from pathlib import Path

from proctor.harness.programs import missing

PYTHON = (sys.executable, "-EPB")
"""The Python that runs Proctor: beside it the programs are installed. Variables of a launcher do not change what it
imports, nor does the working directory, and it writes nothing beside the adaptors."""
ADAPTORS = Path(__file__).resolve().parents[2] / "witness" / "programs"
ASK_WITHIN = 20
"""Seconds for a Python to find a module."""
_FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"


def words_for(program: str) -> list[str]:
    """Return the command line that runs a program; the socket and its arguments are appended."""
    return [*PYTHON, str(ADAPTORS), program]


@functools.cache
def missing_here(name: str) -> str:
    """Return what has to be installed before a case can use this program. What is only on the PYTHONPATH of Proctor is
    not found by the program either."""
    return missing(name, _is_importable)


def _is_importable(module: str) -> bool:
    try:
        done = subprocess.run([*PYTHON, "-c", _FIND, module], capture_output=True, timeout=ASK_WITHIN, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def can_give_terminals() -> bool:
    """Whether sshd can start a session with a terminal: that has to belong to the group tty, or sshd has to be able to
    change it; pty_setowner() in sshpty.c of OpenSSH. Without root it cannot, nor in a user namespace; then devpts has
    to be mounted with the option gid; devpts(5)."""
    ours, theirs = os.openpty()
    try:
        tty = grp.getgrnam("tty").gr_gid
        if os.fstat(theirs).st_gid != tty:
            os.fchown(theirs, os.geteuid(), tty)
    except KeyError:  # then sshd lets all write to it
        return True
    except OSError:
        return False
    finally:
        os.close(ours)
        os.close(theirs)
    return True
