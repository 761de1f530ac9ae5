"""A launcher that never rests: each absence takes seconds to establish, so fewer cases are played."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from proctor.conformance.judging.probe import probe
from proctor.conformance.suite.suite import MOST_WHERE_RESTLESS, spread
from proctor.harness.target import BARE, Target
from proctor.reports.results import read
from tests.conftest import ROOT, Run

SOURCE = ROOT / "tests" / "launchers_for_tests" / "polls.c"


@pytest.fixture(scope="module")
def polls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("polls") / "polls"
    subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)
    return program


def test_a_launcher_that_polls_is_known_to_be_restless(polls: Path) -> None:
    assert probe(Target("polls", (str(polls), "nanosleep"))).restless
    assert not probe(Target("env", ("/usr/bin/env",))).restless
    assert not probe(BARE).restless


def test_values_are_spread_evenly() -> None:
    assert spread((1, 2, 3), 3) == (1, 2, 3)
    assert spread(tuple(range(21)), 3) == (0, 10, 20)


def test_fewer_cases_are_played_on_it_and_the_verdict_says_so(polls: Path, proctor: Run, tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    done = proctor("check", f"{polls} nanosleep", "-k", "EXIT-1 and not order", "--results", str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    row = read(written)[0].requirements["EXIT-1"]
    assert row.verdict == "partial"
    assert f"a sample of {MOST_WHERE_RESTLESS} of 256" in row.reason
