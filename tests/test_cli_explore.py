"""`proctor explore` and `proctor replay`: what they print, what they save, and their exit statuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proctor.reports.results import read
from tests.conftest import ROOT, Run

pytestmark = pytest.mark.usefixtures("contained")

LAUNCHER = str(ROOT / "launcher")

needs_timeout = pytest.mark.skipif(not shutil.which("timeout"), reason="needs timeout: apt-get install coreutils")


@needs_timeout
def test_a_race_is_found_saved_and_replayed(proctor: Run, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    words = ["--signal=TERM", "--requirement=SIG-6", f"--cases={cases}", f"--results={tmp_path}/results.json"]
    done = proctor("explore", "timeout", *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "! orphan" in done.stdout
    assert "came back in 20 of 20 replays" in done.stdout
    (saved,) = cases.glob("*start-launcher-clone-1-exit*")
    assert f"proctor replay {saved} -n 50" in done.stdout
    assert json.loads(saved.read_text())["requirement"] == "SIG-6"
    (results,) = read(tmp_path / "results.json")
    assert results.requirements["SIG-6"].verdict == "fail" and results.requirements["SIG-7"].verdict == "not run"
    assert {one.campaign for one in results.explored} == {"start", "start, terminal"}
    assert any("orphan" in stretch.objected for one in results.explored for stretch in one.stretches)
    (failure,) = results.failures
    assert failure.returned == 20 and failure.bare and failure.case_file
    again = proctor("replay", str(saved), "--trust", "-n", "5", "--show")
    assert again.returncode == 1, again.stdout + again.stderr
    assert "in 5 of 5 runs" in again.stdout
    assert "we sent SIGTERM to launcher" in again.stdout


@needs_timeout
def test_a_schedule_can_be_pasted(proctor: Run) -> None:
    words = ["--requirement=SIG-6", "--schedule=at launcher clone#1 exit: deliver TERM to launcher", "-n", "3"]
    done = proctor("replay", "--target=timeout", *words)
    assert (done.returncode, "in 3 of 3 runs" in done.stdout) == (1, True), done.stdout + done.stderr
    sound = proctor("replay", f"--target={LAUNCHER}", *words)
    assert (sound.returncode, "in 0 of 3 runs" in sound.stdout) == (0, True), sound.stdout + sound.stderr


def test_what_is_sound_is_0(proctor: Run, tmp_path: Path) -> None:
    done = proctor("explore", LAUNCHER, "--signal=TERM", "--requirement=SIG-7", f"--cases={tmp_path}/cases")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as without it" in done.stdout
    assert not (tmp_path / "cases").exists()


def test_a_point_that_is_never_passed_could_not_be_told(proctor: Run) -> None:
    words = ["--requirement=SIG-6", "--schedule=at launcher setsid#9 exit: deliver TERM to launcher", "-n", "2"]
    done = proctor("replay", f"--target={LAUNCHER}", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "inconclusive in 2 runs: " in done.stdout


@pytest.mark.parametrize("strategy", ["pairs", "ends", "random"])
def test_every_strategy_plays_something(proctor: Run, tmp_path: Path, strategy: str) -> None:
    requirement = "EXIT-1" if strategy == "ends" else "SIG-7"
    words = [f"--strategy={strategy}", "--budget=1", f"--requirement={requirement}", f"--cases={tmp_path}/cases"]
    done = proctor("explore", LAUNCHER, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "schedules" in done.stdout


def test_a_time_limit_that_leaves_schedules_untested_is_reported(proctor: Run, tmp_path: Path) -> None:
    words = ["explore", "/usr/bin/env", "--requirement=EXIT-1", "--budget=0", f"--cases={tmp_path}/cases"]
    done, quiet = proctor(*words), proctor(*words, "-q")
    assert (done.returncode, quiet.returncode) == (2, 2), done.stdout + done.stderr
    assert "time limit reached: 0 of 1 schedules; the rest was not tested" in done.stdout
    assert "EXIT-1, order: time limit reached; nothing was tested" in quiet.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["explore", "/no/such/launcher"], "there is no such file"),
        (["explore", "/usr/bin/env", "--signal=TREM"], "did you mean 'SIGTERM'"),
        (
            ["explore", "/usr/bin/env", "--requirement=TTY-1"],
            "TTY-1 is not explored; use `proctor check TARGET -k TTY-1`",
        ),
        (
            ["explore", "/usr/bin/env", "--requirement=ENV-3"],
            "ENV-3 needs the profile ephemeral, which /usr/bin/env does not claim; /usr/bin/env can be",
        ),
        (["explore", LAUNCHER, "--requirement=EXIT-6"], "EXIT-6 is not explored; use `proctor check TARGET -k EXIT-6`"),
        (["explore", LAUNCHER, "--signal=CHLD"], "--signal=SIGCHLD: no campaign uses this signal; choose from SIGHUP"),
        (["explore", LAUNCHER, "--signal=KILL"], "--signal=SIGKILL: no campaign uses this signal; choose from SIGHUP"),
        (["explore", LAUNCHER, "--strategy=ends", "--requirement=SIG-6"], "--strategy=ends sends no signal"),
        (["explore", LAUNCHER, "--budget=nan"], "--budget=nan: not a number of seconds; give 0 or more"),
        (["explore", LAUNCHER, "--cases=/proc/x"], "name a directory that can be made"),
        (["explore", "/usr/bin/env", "--strategy=all"], "sweep"),
        (["replay"], "nothing to replay: name a case file"),
        (["replay", "x.json", "--schedule=garbage"], "the case file gives the requirement, check and schedule"),
        (["replay", "/no/such/case"], "No such file"),
        (["replay", "/usr"], "this is a directory"),
        (["replay", "/etc/passwd"], "not JSON"),
        (["replay", "--target=/usr/bin/env", "--requirement=SIG-6", "--schedule=nonsense"], "is no directive"),
        (["replay", "--target=/usr/bin/env", "--requirement=SIG-99", "--schedule="], "no such requirement"),
    ],
)
def test_wrong_call_is_2(proctor: Run, words: list[str], says: str) -> None:
    done = proctor(*words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_key_of_a_case_is_named(proctor: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text('{"schema": 2, "requirment": "SIG-6"}')
    done = proctor("replay", str(path), "--trust")
    assert (done.returncode, "did you mean 'requirement'" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"schema": 3, "new": {}}, "has schema 3; this Proctor reads schema 2. Update Proctor"),
        ({"requirement": "SIG-99"}, "there is no requirement 'SIG-99' here (did you mean 'SIG-9'?)"),
        ({"campaign": "strat"}, "there is no campaign 'strat' (did you mean 'start'?)"),
        ({"target": {"name": "gone", "command": ["/no/such"]}}, "'command' names the program '/no/such'"),
        ({"target": {"name": "none", "command": []}}, "this case has no launcher"),
        ({}, "its launcher is traced: env cannot be explored here"),
    ],
)
def test_a_case_that_cannot_be_played_says_why(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    steps = [
        {"do": "order", "order": {"order": "exit", "code": 0}},
        {"do": "wait-ends", "process": "command"},
        {"do": "wait-ends"},
    ]
    target = {"name": "env", "command": ["/usr/bin/env"]}
    case = {"schema": 2, "requirement": "SIG-6", "campaign": "start", "target": target}
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case | {"scenario": {"steps": steps}, "objections": [], "versions": {}} | changed))
    words = [
        str(ROOT / "tests" / "hostile" / "without.py"),
        "ptrace",
        sys.executable,
        "-m",
        "proctor",
    ]
    line = [sys.executable, *words, "replay", str(path), "--trust", "-n", "1"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, says in done.stderr) == (2, True), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@needs_timeout
def test_what_is_declared_is_said_to_be_and_is_0(proctor: Run, tmp_path: Path) -> None:
    def explored(deviation: str) -> tuple[int, str]:
        file = tmp_path / "declared.toml"
        command = f'command = ["timeout", "1h"]\n[deviations]\n{deviation} = "upstream knows"\n'
        file.write_text(f'name = "declared"\n{command}')
        words = ("--signal=TERM", "--requirement=SIG-6", f"--cases={tmp_path}/cases", "--replays=2")
        done = proctor("explore", str(file), *words)
        return done.returncode, done.stdout + done.stderr

    status, said = explored("SIG-6")
    assert (status, "declared deviation (upstream knows): orphan" in said) == (0, True), said
    status, said = explored("SIG-66")
    assert (status, "did you mean 'SIG-6'?" in said) == (2, True), said


def test_what_the_suite_finds_is_kept_and_replayed_on_another_launcher(proctor: Run, tmp_path: Path) -> None:
    faulty = tmp_path / "zero"
    faulty.write_text('#!/bin/sh\n"$@"\nexit 0\n')
    faulty.chmod(0o755)
    cases = tmp_path / "cases"
    done = proctor("check", str(faulty), "-k", "EXIT-1", f"--cases={cases}")
    assert done.returncode == 1, done.stdout + done.stderr
    saved = min(cases.glob("*exit-same_status*"))
    assert f"case:   {saved.parent}" in done.stdout
    again = proctor("replay", str(saved), "--trust", "-n", "2")
    assert (again.returncode, "in 2 of 2 runs" in again.stdout) == (1, True), again.stdout + again.stderr
    other = proctor("replay", str(saved), "--trust", "-n", "2", f"--target={LAUNCHER}")
    assert (other.returncode, "in 0 of 2 runs" in other.stdout) == (0, True), other.stdout + other.stderr


def test_a_directory_for_cases_that_cannot_be_made_is_said_at_once(proctor: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = proctor("check", LAUNCHER, "-k", "EXIT-1", f"--cases={tmp_path}/file/cases")
    assert done.returncode == 2
    assert "name a directory that can be made" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["check", "no-such-launcher"],
        ["check", "true"],
        ["check", "env", "-k", "NOSUCH-1"],
        ["explore", "no-such-launcher"],
        ["explore", "true"],
        ["explore", "env", "--signal=KILL"],
        ["hunt", "no-such-launcher"],
        ["hunt", "true"],
    ],
)
def test_where_nothing_is_played_no_directory_is_made(proctor: Run, tmp_path: Path, words: list[str]) -> None:
    option = "--state" if words[0] == "hunt" else "--cases"
    done = proctor(*words, f"{option}={tmp_path}/made/for/this")
    assert (done.returncode, (tmp_path / "made").exists()) == (2, False), done.stdout + done.stderr


def test_where_nothing_is_found_no_directory_is_left(proctor: Run, tmp_path: Path) -> None:
    done = proctor("check", "env", "-k", "EXIT-3", f"--cases={tmp_path}/made/for/this")
    assert (done.returncode, (tmp_path / "made").exists()) == (0, False), done.stdout + done.stderr
