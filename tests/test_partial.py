"""What was cut short is partial in everything that the command prints; what is played does not depend on the load."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.extent import Extent
from proctor.conformance.judging.judge import Bare
from proctor.conformance.judging.probe import SLOW_IN_ANY_CASE, SLOW_START, probe
from proctor.conformance.suite.unfinished import SELECTED
from proctor.harness import execute as door
from proctor.harness import orders
from proctor.harness.descriptions import load
from proctor.harness.history import History, WitnessReady
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target
from proctor.reports.results import read
from tests.built_for_tests import first_lines
from tests.busy_for_tests import busy
from tests.conftest import ROOT, Run

LAUNCHER = str(ROOT / "launcher")
SAMPLED = 19
"""Exit codes of EXIT-1 that a slow launcher is tested with."""
HOW_MUCH = "end: 2 of 64 schedules; end, terminal: 2 of 32 schedules; --full plays all"


@pytest.fixture(autouse=True)
def stop_runner() -> Iterator[None]:
    yield
    door.stop()


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return the results of a run whose explorations were cut, and what it printed."""
    path = tmp_path_factory.mktemp("cut") / "results.json"
    words = [LAUNCHER, "-k", "SIG-7", "--explore-schedules=2", f"--results={path}"]
    done = subprocess.run(
        [sys.executable, "-m", "proctor.conformance.cli.main", "check", *words],
        capture_output=True, text=True, cwd=path.parent, check=False,
    )  # fmt: skip
    return path, done


def test_the_run_succeeds_and_says_partial(cut: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    path, done = cut
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^SIG-7 +MUST +partial +{re.escape(HOW_MUCH)}$", done.stdout, re.MULTILINE), done.stdout
    assert "reference: MUST: 1 partial" in done.stdout and " pass" not in done.stdout.replace("A pass", "")
    (results,) = read(path)
    assert (results.requirements["SIG-7"].verdict, results.requirements["SIG-7"].reason) == ("partial", HOW_MUCH)
    assert results.summary["MUST"] == {"partial": 1, "not run": results.summary["MUST"]["not run"]}


@pytest.mark.parametrize(
    ("format_", "says"),
    [
        ("markdown", "| SIG-7 | MUST | ◐ |"),
        ("junit", f'<skipped type="partial" message="{HOW_MUCH}">'),
        ("badge", "0 of 1 MUST, 1 partial"),
        ("html", "m-partial"),
    ],
)
def test_every_report_says_partial(
    cut: tuple[Path, subprocess.CompletedProcess[str]], format_: str, says: str, proctor: Run
) -> None:
    done = proctor("report", str(cut[0]), "--format", format_)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


def test_quiet_compare_and_gate_say_partial(
    cut: tuple[Path, subprocess.CompletedProcess[str]], proctor: Run, tmp_path: Path
) -> None:
    quiet = proctor("check", LAUNCHER, "-k", "SIG-7", "--explore-schedules=2", "-q")
    assert quiet.returncode == 0 and f"partial   {HOW_MUCH}" in quiet.stdout, quiet.stdout
    whole = tmp_path / "whole.json"
    assert proctor("check", LAUNCHER, "-k", "SIG-7", f"--results={whole}").returncode == 0
    assert "◐ partial" in proctor("compare", str(whole), str(cut[0])).stdout
    words = ("check", LAUNCHER, "-k", "SIG-7", "--explore-schedules=2", f"--baseline={whole}")
    gate = proctor(*words)
    assert gate.returncode == 0, gate.stdout
    assert f"SIG-7 (MUST) pass -> partial: {HOW_MUCH}" in gate.stdout and "not worse" in gate.stdout


def test_what_is_not_explored_makes_other_cases_partial(proctor: Run, tmp_path: Path) -> None:
    """EXIT-1 has cases of its own; without the explored ones they do not show all of it."""
    path = tmp_path / "results.json"
    words = ("-k", "EXIT-1 and (order or 42)", "--explore-schedules=0", f"--results={path}")
    done = proctor("check", LAUNCHER, *words)
    assert done.returncode == 0, done.stdout
    (results,) = read(path)
    row = results.requirements["EXIT-1"]
    assert row.verdict == "partial" and "order: not explored: --explore-schedules=0" in row.reason


def test_a_time_limit_is_said(proctor: Run, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    words = ("--requirement=SIG-7", "--budget=0", f"--cases={tmp_path}/cases", f"--results={path}")
    done = proctor("explore", LAUNCHER, *words)
    assert "time limit reached" in done.stdout
    (results,) = read(path)
    assert results.requirements["SIG-7"].verdict == "partial"
    assert "of 64 schedules, then the time limit was reached" in results.requirements["SIG-7"].reason


# -- the same on a busy machine

WAITS = '#!/bin/sh\nsleep 0.5\nexec "$@"\n'
"""Starts late, without any CPU time: what a clock would call slow."""
COMPUTES = f"""\
import os, sys, time
while time.process_time() < {1.2 * SLOW_IN_ANY_CASE}:
    pass
os.execvp(sys.argv[1], sys.argv[1:])
"""
LOADS = f"""\
import mmap, os, sys
mmap.mmap(-1, {2 * SLOW_START} * mmap.PAGESIZE, mmap.MAP_PRIVATE).write(bytes({2 * SLOW_START} * mmap.PAGESIZE))
os.execvp(sys.argv[1], sys.argv[1:])
"""
LOADS_WHEN_COLD = LOADS.replace(
    "mmap.mmap(",
    """starts = open(__file__ + ".starts", "a")
starts.write(".")
starts.tell() <= 2 and mmap.mmap(""",
)
"""Loads much in its first two starts only, as with cold caches."""


def made(path: Path, text: str) -> str:
    """Write a script, of the shell where it says so and of Python otherwise."""
    path.write_text(text if text.startswith("#!") else first_lines("-IS") + text)
    path.chmod(0o755)
    return str(path)


def collected(*targets: str) -> list[str]:
    words = [sys.executable, "-m", "pytest", "conformance/", "--collect-only", "-q", "-k", "EXIT-1"]
    words += ["-p", "no:cacheprovider", "--containment=namespace", *(f"--target={target}" for target in targets)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    return [line for line in done.stdout.splitlines() if "test_exit_code_is_the_commands" in line]


def test_the_same_cases_are_collected_whatever_the_load(tmp_path: Path) -> None:
    waits, loads = made(tmp_path / "waits", WAITS), made(tmp_path / "loads", LOADS)
    found = []
    for count in (0, 4):
        with busy(count):
            found.append(collected(LAUNCHER, waits, loads))
    assert found[0] == found[1]
    numbers = {name: sum(f"{name}-" in line for line in found[0]) for name in ("reference", "waits", "loads")}
    assert numbers == {"reference": 256, "waits": 256, "loads": SAMPLED}


@pytest.mark.parametrize(
    ("text", "is_slow"), [(WAITS, False), (COMPUTES, True), (LOADS, True), (LOADS_WHEN_COLD, False)]
)
def test_slow_is_what_does_much(text: str, is_slow: bool, tmp_path: Path) -> None:
    assert probe(load(made(tmp_path / "a-launcher", text))).slow == is_slow


def test_a_history_has_the_cpu_time_of_the_start(tmp_path: Path) -> None:
    """That of a process that ended before the command ran is part of it."""
    child = f'{shlex.quote(made(tmp_path / "computes", COMPUTES))} true\nexec "$@"\n'
    target = load(made(tmp_path / "through-a-child", f"#!/bin/sh\n{child}"))
    script = Scenario((Order(orders.Exit(0)), WaitEnds()))
    (ready,) = door.execute(target, script).facts(WitnessReady)
    assert ready.cpu_seconds > SLOW_IN_ANY_CASE
    (alone,) = door.execute(Target("bare", ()), script).facts(WitnessReady)
    assert alone.cpu_seconds < SLOW_IN_ANY_CASE / 4
    assert 10 < alone.page_faults < SLOW_START / 10


def played(most: int) -> list[str]:
    """Return the schedules that an exploration of the reference launcher plays, in order."""
    asked: list[str] = []

    def execute(target: Target, script: Scenario, schedule: Schedule | None = None) -> History:
        if schedule and schedule.directives:
            asked.append(str(schedule))
        return door.execute(target, script, schedule)

    extent = Extent(schedules=most)
    judgement = judge_campaign(campaign_named("start"), load(LAUNCHER), execute, Bare(door.execute), extent)
    assert judgement.verdict == "partial" and f"start: {most} of " in judgement.reason
    return asked


def test_two_runs_play_the_same_schedules_in_the_same_order() -> None:
    quiet = played(25)
    with busy(4):
        loaded = played(25)
    assert quiet == loaded and len(quiet) >= 25


def test_a_sample_is_said_by_how_many(proctor: Run, tmp_path: Path) -> None:
    """One code is enough: the row says what the plan was."""
    path = tmp_path / "results.json"
    slow = tmp_path / "shim.toml"
    slow.write_text('command = ["env"]\nslow = true\n')
    done = proctor("check", str(slow), "-k", "EXIT-1 and 42 or EXIT-4", f"--results={path}", "--json")
    assert done.returncode == 0, done.stderr
    rows, sampled = json.loads(done.stdout)["requirements"], f"a sample of {SAMPLED} of 256 exit codes"
    assert rows["EXIT-1"]["reason"] == f"{SELECTED}; {sampled}; --full plays all", rows["EXIT-1"]
    assert (rows["EXIT-1"]["verdict"], rows["EXIT-4"]["verdict"]) == ("partial", "pass")
    full = proctor("check", str(slow), "-k", "EXIT-1 and 42", "--full", "--json")
    assert json.loads(full.stdout)["requirements"]["EXIT-1"]["reason"] == SELECTED
