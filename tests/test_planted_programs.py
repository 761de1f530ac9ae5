"""The planted faults that real programs show: each is caught for its requirement, and for no other of these."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.harness.programs import PROGRAMS, is_installed
from tests.conftest import ROOT
from tests.planted import Fault, Rows, differences, faults, own_requirements, run_suite
from tests.test_planted_faults import SOUND, write_target

FILE = "world_programs"
"""Its cases: conformance/suite/test_world_programs.py."""
JUDGED = {"WORLD-5", "WORLD-7"}
FAULTS = [fault for fault in faults("world") if fault.breaks in JUDGED]
pytestmark = pytest.mark.skipif(
    not all(map(is_installed, PROGRAMS)), reason="needs the programs: pip install 'launch-proctor[world]'"
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Run the cases once for all of these faults, and for a launcher without a fault."""
    directory = tmp_path_factory.mktemp(FILE)
    targets = [write_target(fault, directory) for fault in FAULTS]
    return run_suite(targets, (FILE,), directory)


def test_each_requirement_has_a_fault() -> None:
    assert {name for fault in FAULTS for name in own_requirements(fault)} >= JUDGED


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_caught(fault: Fault, rows: dict[str, Rows]) -> None:
    found = differences(fault, rows[fault.name], JUDGED)
    assert not found, "\n".join(found)


@pytest.mark.timeout(300)
def test_launchers_without_a_fault_have_none(tmp_path: Path) -> None:
    for name, found in run_suite([ROOT / "launcher", write_target(SOUND, tmp_path)], (FILE,), tmp_path).items():
        assert {one: found[one]["verdict"] for one in JUDGED} == dict.fromkeys(JUDGED, "pass"), name
