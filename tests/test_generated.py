"""Generated scripts: they work with every sound launcher, and find what is planted, in a few moves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proctor.conformance.exploring.hunter import Hunter, hunt, hunt_for
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness.descriptions import load
from proctor.harness.explorer.move_rules import RULES
from proctor.harness.scenario import INIT
from proctor.harness.target import Target
from tests.conftest import ROOT, Run
from tests.planted import Fault, faults

SEEDS = range(1, 401)
"""Ten scripts each: within a minute on a machine that does nothing else."""
FULL = bool(os.environ.get("PROCTOR_FULL_MATRIX"))
CHAPTERS = ("exit", "exit_after_signal", "signals", "terminal", "tree")
SOME = ("exit_1_seven_bits", "sig_5_second_kills", "tree_2_helper_zombie", "tty_7_raw_left")
SAME = {"SIG-1": ("SIG-3",), "SIG-2": ("SIG-3",), "TTY-3": ("TTY-1", "TTY-5")}
"""SIG-3 says the same of SIGINT; TTY-1 and TTY-5 of keys and windows before the job is stopped."""
ANY = ("*",)
FAULTS = [fault for fault in faults(*CHAPTERS) if FULL or fault.name in SOME]

pytestmark = pytest.mark.usefixtures("contained", "no_runner_is_left")


def planted(fault: Fault) -> Target:
    is_init = fault.stage == "init"
    return Target(fault.name, fault.command(), profiles=("transparent", "init") if is_init else ("transparent",))


def shown_by(fault: Fault) -> set[str]:
    """Return the requirements that this fault may break, as it says itself."""
    possible = tuple(requirements()) if fault.may_break == ANY else fault.may_break
    return {fault.breaks, *fault.also_breaks, *possible, *SAME.get(fault.breaks, ())}


@pytest.mark.parametrize("name", ["/usr/bin/env", "./launcher", "launcher-exec"])
def test_nobody_is_accused_who_is_not_to_be_noticed(name: str) -> None:
    """20,000 of each: python -m benchmarks.generated."""
    launcher = load(name)
    hunter = Hunter(launcher, door.execute)
    for number in range(1, 13):
        hunt(hunter, number, None)
    assert {key: str(objection) for key, objection in hunter.found.items()} == {}
    assert not hunter.account.unstable
    assert not hunter.account.invalid, "there are scripts that do not work with the bare command"
    assert len(hunter.account.moves) > len(RULES) / 2


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    hunter = Hunter(planted(fault), door.execute, schedules=False)
    if fault.stage == "init":
        hunter.stages = (INIT,)
    shows = shown_by(fault)
    hunt_for(hunter, SEEDS, shows)
    assert hunter.plain & shows, list(hunter.found)


def test_what_a_hunt_has_found_is_there_when_it_goes_on(proctor: Run, tmp_path: Path) -> None:
    shim = tmp_path / "zero"
    shim.write_text('#!/bin/sh\n"$@"\nexit 0\n')
    shim.chmod(0o755)
    words = ("hunt", str(shim), "--seconds", "0.1", "--workers", "1", "--state", str(tmp_path / "state"))
    first = proctor(*words)
    assert first.returncode == 1, first.stdout + first.stderr
    assert "EXIT-2" in first.stdout
    (state,) = (tmp_path / "state").glob("*/state.json")
    kept = json.loads(state.read_text())
    again = proctor(*words)
    assert again.returncode == 1
    assert "found by an earlier hunt" in again.stdout
    assert json.loads(state.read_text())["next_seed"] == kept["next_seed"] + 1
    replayed = proctor("replay", kept["found"]["EXIT-2"], "--trust", "-n", "2")
    assert "in 2 of 2 runs" in replayed.stdout
    sound = proctor("replay", kept["found"]["EXIT-2"], "--trust", "-n", "2", f"--target={ROOT / 'launcher'}")
    assert sound.returncode == 0


def test_a_hunt_tells_programs_what_it_has_done(proctor: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    words = ("hunt", "/usr/bin/env", "--seconds=0.1", "--workers=1", f"--state={state}")
    told = json.loads(proctor(*words, "--json").stdout)
    assert told["found"] == {} and told["scripts"] > 0 and told["next_seed"] == 2 and not told["is_interrupted"]
    assert told["pairs_of_moves"] > 0 and set(told["moves_never_made"]) < RULES.keys()
    silent = proctor(*words, "--quiet")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")


def test_a_hunt_that_is_killed_has_lost_nothing(proctor: Run, tmp_path: Path) -> None:
    shim = tmp_path / "zero"
    shim.write_text('#!/bin/sh\n"$@"\nexit 0\n')
    shim.chmod(0o755)
    words = ("hunt", str(shim), "--workers", "1", "--state", str(tmp_path / "state"))
    hunt = subprocess.Popen([sys.executable, "-m", "proctor", *words], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (cases := [path for path in (tmp_path / "state").glob("*/*.json") if path.name != "state.json"]):
        assert hunt.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    hunt.kill()
    hunt.wait()
    found = json.loads(cases[0].read_text())["requirement"]
    again = proctor(*words, "--seconds", "0.1")
    assert f"  {found}: " in again.stdout
    assert json.loads(cases[0].read_text())["requirement"] == found


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["/no/such/launcher"], "there is no such file"),
        (["/usr/bin/env", "--profile=nigthly"], "nightly"),
        (["/usr/bin/env", "--state=/dev/null/x"], "name a directory that can be made"),
        (["/bin/false"], "did not start its command"),
    ],
)
def test_a_wrong_call_is_told(proctor: Run, words: list[str], says: str) -> None:
    done = proctor("hunt", *words)
    assert done.returncode == 2
    assert says in done.stdout + done.stderr
