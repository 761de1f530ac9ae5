"""Truth under load, in small: `tox run -e soak` is the whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.soak import Outcome, Run, differences, keep, read_runs, soak

SELECTION = "SIG-9 or (TTY-1 and not tini) or TREE-1 or EXIT-7"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_cases_and_verdicts_loaded_and_on_one_core() -> None:
    if not shutil.which("stress-ng") or not shutil.which("tini"):
        pytest.skip("needs stress-ng and tini: apt-get install stress-ng tini")
    assert soak(1, ("tini", "./launcher"), ("loaded", "on one core"), ["-k", SELECTION]) == (2, [])


def test_what_differs_is_told() -> None:
    key = ("tini", "SIG-1")
    usual, other = Outcome("pass", (), ""), Outcome("unstable", ("test_signal[15]",), "came back in 1 of 3 replays")
    assert differences([{key: usual}, {key: usual._replace(played=3)}])
    assert differences([{key: usual}, {key: usual._replace(reason="another")}]) == []
    told = differences([{key: usual}, {key: usual}, {key: other}])
    assert told == [
        "tini SIG-1: pass in 2 of 3 runs",
        "    unstable in run 3; cases: test_signal[15]; came back in 1 of 3 replays",
    ]
    assert differences([{key: usual}, {}])


def test_an_interrupted_soak_goes_on(tmp_path: Path) -> None:
    kept = tmp_path / "runs"
    outcomes = {("tini", "SIG-1"): Outcome("fail", ("test_signal[15]", "test_signal[1]"), "a reason", 7)}
    run: Run = ("quiet", outcomes)
    keep(run, kept)
    keep(("loaded", outcomes), kept)
    assert read_runs(kept) == [run, ("loaded", outcomes)]
    assert soak(1, (), ("quiet", "loaded"), kept=kept) == (2, []), "both were run before"


def test_a_soak_begins_no_run_when_its_time_is_over(tmp_path: Path) -> None:
    kept = tmp_path / "runs"
    keep(("quiet", {}), kept)
    assert soak(30, (), ("quiet", "loaded"), kept=kept, within=0) == (1, [])
