"""Races that are known from public reports: `proctor explore` finds each in the version that has it, in its default
settings, and `proctor replay` shows it 50 times of 50; in the version that fixed it there is none.

Needs PROCTOR_LAUNCHERS=DIRECTORY, as test_known_faults does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from proctor.conformance.judging import casefile
from tests.launchers.test_known_faults import DIRECTORY, ROOT, _install

pytestmark = [
    pytest.mark.skipif(not DIRECTORY, reason="needs PROCTOR_LAUNCHERS=DIRECTORY to install launchers in"),
    pytest.mark.timeout(1200),
]


class Race(NamedTuple):
    """Where it is known: program, version ("" for the system's), words after it; and how it shows.

    objection: the code of the violation, without the requirement; at: part of the schedule.
    """

    program: str
    version: str
    words: str
    requirement: str
    objection: str
    at: str = ""


ORPHAN, LOST, HANGS, UNHEARD = "command-outlives", "signal-lost", "timed-out", "not-delivered"
RACES = {
    "timeout: TERM at the return of fork": Race("timeout", "", " 1h", "SIG-6", ORPHAN, "clone#1 exit"),
    "dumb-init 1.1.1: TERM after fork": Race("dumb-init", "1.1.1", "", "SIG-6", ORPHAN, "clone#1 exit"),
    "dumb-init 1.1.1: the child ends first": Race("dumb-init", "1.1.1", "", "EXIT-1", HANGS, "hold until child1"),
    "dumb-init 1.2.1: its own hang-up": Race("dumb-init", "1.2.1", "", "EXIT-1", UNHEARD, "hold until"),
    "dumb-init 1.2.5: TERM before setsid": Race("dumb-init", "1.2.5", "", "SIG-6", LOST),
    "uv 0.13.8: spawns before its handlers": Race("uv", "0.13.8", " run --no-project --", "SIG-6", ORPHAN),
}
FIXED = {
    "dumb-init 1.1.2: TERM after fork": Race("dumb-init", "1.1.2", "", "SIG-6", ORPHAN),
    "dumb-init 1.1.2: the child ends first": Race("dumb-init", "1.1.2", "", "EXIT-1", HANGS),
    "dumb-init 1.2.2: its own hang-up": Race("dumb-init", "1.2.2", "", "EXIT-1", UNHEARD),
}


def proctor(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from proctor.conformance.cli.main import main; main()", *words]
    env = {**os.environ, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)


def cases_of(race: Race, directory: Path, *words: str) -> list[tuple[Path, casefile.CaseFile]]:
    """Explore; return the saved findings that are this one. words: of the command line, besides."""
    if race.version:
        program = str(_install(race.program, race.version) / race.program)
    elif not (program := shutil.which(race.program) or ""):
        pytest.skip(f"{race.program} is not installed; install it with: apt-get install {race.program}")
    done = proctor("explore", program + race.words, "--requirement", race.requirement, *words, cwd=directory)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "UNSTABLE" not in done.stdout, done.stdout
    found = [(path, casefile.read(path)) for path in sorted((directory / "proctor-cases").glob("*.json"))]
    return [
        (path, case)
        for path, case in found
        if race.objection in {objection.short_code for objection in case.objections}
        and (words or race.at in str(case.schedule))
    ]


@pytest.mark.parametrize("race", RACES.values(), ids=RACES.keys())
def test_known_race_is_found_and_comes_back_each_time(race: Race, tmp_path: Path) -> None:
    cases = cases_of(race, tmp_path)
    assert cases
    replayed = proctor("replay", str(cases[0][0]), "--trust", "-n", "50", cwd=tmp_path)
    assert replayed.returncode == 1, replayed.stdout + replayed.stderr
    assert re.search(r"in 50 of 50 runs", replayed.stdout), replayed.stdout


@pytest.mark.parametrize("race", FIXED.values(), ids=FIXED.keys())
def test_fixed_race_is_not_found(race: Race, tmp_path: Path) -> None:
    assert cases_of(race, tmp_path) == []


COMPLETE = ("--strategy=complete", "--budget=150", "--signal=TERM")
OF_C = [name for name, race in RACES.items() if race.program != "uv"]
"""uv has threads, and too many steps for every order."""


@pytest.mark.parametrize("race", [RACES[name] for name in OF_C], ids=OF_C)
def test_known_race_is_found_among_all_orders(race: Race, tmp_path: Path) -> None:
    cases = cases_of(race, tmp_path, *COMPLETE)
    assert cases
    replayed = proctor("replay", str(cases[0][0]), "--trust", "-n", "50", cwd=tmp_path)
    assert re.search(r"in 50 of 50 runs", replayed.stdout), replayed.stdout


@pytest.mark.parametrize("race", FIXED.values(), ids=FIXED.keys())
def test_fixed_race_is_in_no_order(race: Race, tmp_path: Path) -> None:
    assert cases_of(race, tmp_path, *COMPLETE) == []
