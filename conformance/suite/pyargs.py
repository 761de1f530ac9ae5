"""Lets `pytest --pyargs proctor.conformance --target=LAUNCHER` work, from any directory.

pytest reads options before it resolves what --pyargs names, so the suite's conftest.py would be found too late for
--target. This module is the entry point by which pytest finds us in every run; so it imports nothing of ours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

SUITE = "proctor.conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Name the suite's directory beside the module, where that is what --pyargs is given."""
    known = early_config.known_args_namespace
    if known.pyargs and any(f"{word}.".startswith(f"{SUITE}.") for word in known.file_or_dir):
        known.file_or_dir.append(str(Path(__file__).absolute().parent.parent))
