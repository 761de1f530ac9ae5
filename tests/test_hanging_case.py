"""A case in which Proctor itself hangs is an error, with the place where it hangs; all other cases are judged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.conftest import ROOT
from tests.test_nothing_left import nothing_left, place

__all__ = ["place"]

HANG = """
import threading
from proctor.conformance.suite import case_timer
from proctor.harness import execute

perform = execute.RunnerProcess.perform

def hang_in_one_case(self, request):
    if request.scenario.stage.terminal:
        threading.Event().wait()
    return perform(self, request)

execute.RunnerProcess.perform = hang_in_one_case
case_timer.LIMIT = {limit}
"""
SELECTED = ["--containment=namespace", "-k", "EXIT-6 or EXIT-4"]
"""Four cases; one of EXIT-6 has a terminal. The control group, which has some as well, is not played."""
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
TARGET = "--target=/usr/bin/env"
HOW = {
    "a checkout": [*PYTEST, "conformance/", TARGET],
    "--pyargs, two workers": [*PYTEST, "--pyargs", "proctor.conformance", TARGET, "-n", "2"],
    "proctor check, two workers": [sys.executable, "-m", "proctor", "check", "/usr/bin/env", "-n", "2"],
    "a user's method": [*PYTEST, "conformance/", TARGET, "--timeout=2", "--timeout-method=thread"],
}


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_hanging_case_is_an_error_and_the_others_are_judged(how: str, place: Path, tmp_path: Path) -> None:
    (tmp_path / "planted").mkdir()
    limit = 1000.0 if "user" in how else 2.0
    # imported by each Python that starts: pytest, its workers
    (tmp_path / "planted" / "sitecustomize.py").write_text(HANG.format(limit=limit))
    results = tmp_path / "results.json"
    env = os.environ | {"PYTHONPATH": str(tmp_path / "planted"), "TMPDIR": str(place)}
    env.pop("PYTEST_TIMEOUT", None)
    done = subprocess.run(
        [*HOW[how], *SELECTED, f"--results={results}"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Proctor itself did not go on for 2 s" in done.stdout
    assert "in hang_in_one_case" in done.stdout
    assert "pytest_timeout" not in done.stdout.partition("the calls that led there")[2].partition("repeat:")[0]
    rows = msgspec.json.decode(results.read_bytes())["requirements"]
    assert {name: rows[name]["verdict"] for name in ("EXIT-4", "EXIT-6")} == {"EXIT-4": "pass", "EXIT-6": "error"}
    assert "in hang_in_one_case" in rows["EXIT-6"]["reason"]
    assert "-m proctor.harness.runner" in rows["EXIT-6"]["reason"], "the processes at that time"
    nothing_left(place)
