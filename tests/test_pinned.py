"""conformance/suite/cases/: each can be read, stands in its README, and finds the fault that it is about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proctor.conformance.judging import casefile
from proctor.conformance.judging.check_names import named
from tests.conftest import ROOT
from tests.planted import launchers, run_suite

CASES = sorted((ROOT / "conformance" / "suite" / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_pinned_case_is_whole(path: Path) -> None:
    case = casefile.read(path)
    named(case.check, case.target, case.requirement)
    assert not case.schedule.directives, "points are a launcher's own; the sweep goes by all of them"
    assert path.stem in (path.parent / "README.md").read_text()
    assert path.stem.startswith(case.requirement.lower())


def test_a_planted_fault_fails_them(tmp_path: Path) -> None:
    fault = tmp_path / "swallows.toml"
    fault.write_text(f"command = {json.dumps(launchers()['sig_1_usr2_swallowed'].command('{python}'))}\n")
    rows = run_suite([fault], ["pinned"], tmp_path)["swallows"]
    assert {name for name, row in rows.items() if row["verdict"] == "fail"} == {"SIG-1", "SIG-10"}
