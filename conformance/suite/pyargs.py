"""Lets `pytest --pyargs proctor.conformance --target=LAUNCHER` work, from any directory.

pytest reads options before it resolves the modules of --pyargs, so it would find the suite's conftest.py too late for
--target. This module is the entry point of Proctor in every pytest run, so it imports nothing of Proctor.
"""

from __future__ import annotations

from pathlib import Path

import pytest

SUITE = "proctor.conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Add the suite's directory to the arguments if --pyargs names the suite."""
    known = early_config.known_args_namespace
    if known.pyargs and any(f"{word}.".startswith(f"{SUITE}.") for word in known.file_or_dir):
        known.file_or_dir.append(str(Path(__file__).absolute().parent.parent))
