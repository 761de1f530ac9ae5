"""conformance/cases/: each is read, is told of in its README, and a launcher with a fault is caught by one like it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from conformance import casefile
from conformance.naming import named
from tests.conftest import ROOT

CASES = sorted((ROOT / "conformance" / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_pinned_case_is_whole(path: Path) -> None:
    case = casefile.read(path)
    assert named(case.check, case.target, case.requirement)
    assert not case.schedule.directives, "points are a launcher's own; the sweep goes by all of them"
    assert f"| {path.stem} |" in (path.parent / "README.md").read_text()
    assert path.stem.startswith(case.requirement.lower())
