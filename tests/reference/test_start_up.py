"""A run without an environment imports only what it needs: each module adds to the start-up time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.reference.conftest import REFERENCE

SCRIPT = """\
import _signal, os, sys
_signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
sys.path.insert(0, sys.argv[1])
def print_modules(path, argv):
    print(*sorted(sys.modules))
    sys.stdout.flush()
    os._exit(0)
os.execv = print_modules
from reference_launcher.main import main
main(["run", sys.argv[2], "/command"], set())
"""


@pytest.mark.parametrize(
    ("mode", "required"),
    [
        ("--exec", {"", "main", "command"}),
        ("--supervise", {"", "main", "command", "process", "supervise", "group_probe"}),
    ],
)
def test_a_plain_run_imports_only_what_it_needs(mode: str, required: set[str]) -> None:
    """In exec mode also no ctypes. `enum` (through `signal`), `re` and `argparse` are slow to import."""
    words = [sys.executable, "-I", "-S", "-c", SCRIPT, str(REFERENCE), mode]
    modules = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    own = {name for name in modules if name.partition(".")[0] == "reference_launcher"}
    assert {name.partition(".")[2] for name in own} == required
    assert not {"argparse", "enum", "re", "signal"} & set(modules)
    assert ("ctypes" in modules) == (mode == "--supervise")
