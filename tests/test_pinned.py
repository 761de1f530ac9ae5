"""conformance/suite/cases/: each can be read, stands in its README, and finds the fault that it is about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proctor.conformance.judging import casefile
from proctor.conformance.judging.check_names import named
from proctor.harness.scenario import SIGNALS_OF_KEYS, HangUp, Hold, Press, Release, Settle, Signal, Type
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


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_launcher_is_at_rest_before_each_stimulus(path: Path) -> None:
    """What a launcher does with a signal that comes while it starts depends on the load of the machine. A key goes to
    the command as well, so the launcher is held: a forwarded signal may merge with the first one otherwise."""
    at_rest = held = False
    for step in casefile.read(path).scenario.steps:
        assert at_rest or not isinstance(step, Press | Signal | Type | HangUp), step
        assert held or not (isinstance(step, Press) and step.key in SIGNALS_OF_KEYS), step
        at_rest = at_rest or isinstance(step, Settle)
        held = isinstance(step, Hold) or (held and not isinstance(step, Release))


def test_a_planted_fault_fails_them(tmp_path: Path) -> None:
    fault = tmp_path / "swallows.toml"
    fault.write_text(f"command = {json.dumps(launchers()['sig_1_usr2_swallowed'].command('{python}'))}\n")
    rows = run_suite([fault], ["pinned"], tmp_path)["swallows"]
    assert {name for name, row in rows.items() if row["verdict"] == "fail"} == {"SIG-1", "SIG-10"}
