"""Launchers that work by LD_PRELOAD: their command is linked dynamically, so that it loads their library."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from proctor.conformance.scenarios.signals import finish, send
from proctor.harness.descriptions import load
from proctor.harness.execute import execute
from proctor.harness.history import Ended, History, Received, Unobserved, WitnessReady
from proctor.harness.scenario import Scenario, Settle, Signal, WaitReceived
from proctor.harness.target import Target
from tests.conftest import ROOT, Run

SOURCE = ROOT / "tests" / "launchers_for_tests" / "preloaded.c"
USR1 = Scenario((Settle(), *send(signal.SIGUSR1, times=2), *finish(3)))
SAYS = "linked dynamically, because LD_PRELOAD is in its environment"


@pytest.fixture(scope="module")
def preloading(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a launcher whose library has the faults."""
    directory = tmp_path_factory.mktemp("preloaded")
    library, launcher = directory / "preloaded.so", directory / "preloading"
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", str(library), str(SOURCE)], check=True)
    launcher.write_text(f"#!/bin/sh\nLD_PRELOAD='{library}' exec \"$@\"\n")
    launcher.chmod(0o755)
    return launcher


def ignored(history: History) -> tuple[int, ...]:
    return history.facts(WitnessReady)[0].inherited.ignored


def test_only_the_dynamic_build_loads_the_library(preloading: Path) -> None:
    target = load(str(preloading))
    assert signal.SIGTERM not in ignored(execute(target, USR1))
    history = execute(msgspec.structs.replace(target, witness="dynamic"), USR1)
    assert signal.SIGTERM in ignored(history)
    assert not history.facts(Unobserved), "it is known to be ours"


def test_the_library_does_not_change_what_the_witness_reports(preloading: Path) -> None:
    """It reads the clock by the system call: the library's own stands still."""
    history = execute(msgspec.structs.replace(load(str(preloading)), witness="dynamic"), USR1)
    first, second = history.facts(Received)
    assert second.at > first.at
    assert [fact.code for fact in history.facts(Ended) if fact.process == "launcher"] == [3]


def test_the_fault_is_found_and_the_build_is_said(preloading: Path, proctor: Run, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    done = proctor("check", str(preloading), "-k", "INHERIT-1 and as-usual", f"--results={results}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"witness of {preloading}: {SAYS}" in done.stdout
    document = json.loads(results.read_text(encoding="utf-8"))
    assert document["host"]["witness"] == SAYS
    (violation, *_) = document["requirements"]["INHERIT-1"]["violations"]
    assert (violation["code"], violation["parameters"]) == ("INHERIT-1/signals-ignored", {"signals": "SIGTERM"})


def test_a_case_file_keeps_the_build(preloading: Path, proctor: Run, tmp_path: Path) -> None:
    proctor("check", str(preloading), "-k", "INHERIT-1 and as-usual", f"--cases={tmp_path / 'cases'}")
    (case,) = (tmp_path / "cases").iterdir()
    assert json.loads(case.read_text(encoding="utf-8"))["target"]["witness"] == "dynamic"
    assert proctor("replay", str(case), "--trust", "-n", "2").returncode == 1


def test_it_can_be_declared(proctor: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('command = ["/usr/bin/env"]\nwitness = "dynamic"\n')
    results = tmp_path / "results.json"
    done = proctor("check", str(tmp_path / "mine.toml"), "-k", "INHERIT-1 and as-usual", f"--results={results}")
    assert done.returncode == 0, done.stdout + done.stderr
    host = json.loads(results.read_text(encoding="utf-8"))["host"]
    assert host["witness"] == "linked dynamically, as the description says"


def test_others_have_the_static_build(proctor: Run, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    done = proctor("check", "/usr/bin/env", "-k", "INHERIT-1 and as-usual", f"--results={results}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "witness" not in json.loads(results.read_text(encoding="utf-8"))["host"]
    assert "witness of" not in done.stdout


@pytest.mark.parametrize("words", [("stdbuf", "-oL"), ("faketime", "2001-01-01 00:00:00"), ("fakeroot",)])
def test_real_ones_start_it(words: tuple[str, ...]) -> None:
    """A signal to fakeroot, which does not forward any, is sent to the command itself."""
    program = shutil.which(words[0])
    if not program:
        pytest.skip(f"{words[0]} is not installed here")
    steps = (Settle(), Signal(signal.SIGUSR1, "command"), WaitReceived(signal.SIGUSR1), Settle(), *finish(3))
    history = execute(Target(words[0], (program, *words[1:]), witness="dynamic"), Scenario(steps))
    (ready,) = history.facts(WitnessReady)
    assert any(entry.startswith(b"LD_PRELOAD=") for entry in ready.inherited.environ)
    assert [fact.code for fact in history.facts(Ended) if fact.process == "launcher"] == [3]
