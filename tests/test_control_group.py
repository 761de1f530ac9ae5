"""Launchers that behave differently in a PID namespace: they are found, and judged outside of one."""

from __future__ import annotations

import errno
import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proctor.conformance.judging.control_group import CONTROLS, Control, compare, outcome, tree_of
from proctor.harness import execute as door
from proctor.harness.descriptions import load
from proctor.harness.errors import HarnessError
from proctor.harness.execute import execute
from proctor.harness.history import History, NotStarted, Process
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target
from tests.conftest import ROOT, Run
from tests.unit.histories import history, looked, over, process, received, replaced, sent, supervised

PROGRAMS = ROOT / "tests" / "launchers_for_tests"
STEPS_ASIDE = shlex.join([sys.executable, "-I", "-S", str(PROGRAMS / "steps_aside.py")])
CASES = ("-k", "SIG-1 and TERM or EXIT-1 and 42")


@pytest.fixture(autouse=True)
def has_namespace() -> None:
    if not door.has_namespace():
        pytest.skip(f"there is nothing to behave differently in: {door.containment()}")


def target(name: str, *words: str) -> Target:
    return Target(name=name, command=(sys.executable, "-I", "-S", str(PROGRAMS / f"{name}.py"), *words))


def never(*_: object) -> History:
    pytest.fail("this launcher must not be played outside of a namespace")


def checked(proctor: Run, tmp_path: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the suite on the launcher that steps aside; return what was printed, and the results."""
    results = tmp_path / "results.json"
    done = proctor("check", STEPS_ASIDE, *CASES, f"--results={results}", *words)
    return done, json.loads(results.read_text(encoding="utf-8"))


def test_a_launcher_that_steps_aside_is_judged_where_it_does_not(proctor: Run, tmp_path: Path) -> None:
    done, results = checked(proctor, tmp_path, f"--cases={tmp_path / 'cases'}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "subreaper, because it behaves differently in a PID namespace: " in done.stdout
    assert results["host"]["containment"] == "subreaper, because it behaves differently in a PID namespace"
    assert "SIG-1: pass in a PID namespace, " in results["host"]["control group"]
    assert results["requirements"]["SIG-1"]["verdict"] == "fail"
    assert results["requirements"]["EXIT-1"]["verdict"] == "partial"
    (case, *_) = (tmp_path / "cases").iterdir()
    assert json.loads(case.read_text(encoding="utf-8"))["containment"] == "subreaper"
    assert proctor("replay", str(case), "--trust", "-n", "3").returncode == 1, "a case is played as it was"
    assert proctor("replay", str(case), "--trust", "-n", "3", "--containment=namespace").returncode == 0


def test_a_launcher_that_hides_the_socket_outside_is_an_error(proctor: Run, tmp_path: Path) -> None:
    path = tmp_path / "hides"
    path.write_text(
        '#!/bin/sh\ngrep -qz proctor.harness.runner /proc/1/cmdline && exec "$@"\n'
        'for last; do :; done\nrm "$last"\nexec "$@"\n'
    )
    path.chmod(0o755)
    done = proctor("check", str(path), *CASES)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "its command was started, but could not connect to Proctor" in done.stderr
    assert "FAIL" not in done.stdout + done.stderr


@pytest.mark.parametrize(("containment", "status"), [("namespace", 0), ("subreaper", 1)])
def test_the_containment_can_be_chosen(proctor: Run, tmp_path: Path, containment: str, status: int) -> None:
    done, results = checked(proctor, tmp_path, f"--containment={containment}")
    assert done.returncode == status, done.stdout + done.stderr
    assert (results["host"]["containment"] == "subreaper") == (containment == "subreaper")
    assert "control group" not in results["host"], "nothing was compared"


def test_several_workers_contain_alike(proctor: Run, tmp_path: Path) -> None:
    done, results = checked(proctor, tmp_path, "-n", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert results["requirements"]["SIG-1"]["verdict"] == "fail"


def test_the_hunt_plays_such_a_launcher_outside_as_well(proctor: Run) -> None:
    done = proctor("hunt", STEPS_ASIDE, "--seconds", "5", "--workers", "1")
    assert "subreaper, because it behaves differently in a PID namespace" in done.stderr
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["./launcher", "launcher-exec", "/usr/bin/env", "timeout"])
def test_others_behave_alike(name: str) -> None:
    path = str(ROOT / name) if name.startswith("./") else name
    found = compare(load(path), execute, door.execute_uncontained)
    assert str(found) == f"{len(CONTROLS)} cases outside of a PID namespace: no difference"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
def test_what_signals_all_processes_is_never_played_outside(number: signal.Signals) -> None:
    found = compare(target("signals_all", number.name), execute, never)
    assert "it signals all processes that it may signal" in found.not_compared


def test_a_harness_in_trouble_plays_nothing_outside() -> None:
    def fails(*_: object) -> History:
        raise HarnessError("no room\nmore")

    assert compare(target("steps_aside"), fails, never).not_compared == "no room"


TERM = signal.SIGTERM
LOST = supervised(sent(TERM), *over(7))
ARRIVED = supervised(sent(TERM), received(TERM), *over(7))
BARE = replaced(sent(TERM), received(TERM), *over(7))
SIG_1 = (CONTROLS[0],)


class Turns:
    """Plays the histories of a list, the last of them for ever."""

    def __init__(self, *histories: History) -> None:
        self.left = list(histories)

    def __call__(self, target: Target, scenario: Scenario) -> History:  # noqa: ARG002
        if not target.command:
            return BARE
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def test_where_the_bare_command_cannot_be_started_nothing_is_compared() -> None:
    """A limit on processes may be reached between two cases."""
    refused = history(NotStarted("fork", errno.EAGAIN))

    def play(played: Target, _: Scenario) -> History:
        return refused if played.is_bare else ARRIVED

    found = compare(target("any"), play, never, SIG_1)
    assert found.not_compared == "the stage cannot be set up here: fork: Resource temporarily unavailable"


def test_a_launcher_that_loses_every_other_signal_differs_from_itself_only() -> None:
    assert compare(target("any"), Turns(ARRIVED), Turns(LOST), SIG_1).difference
    assert not compare(target("any"), Turns(ARRIVED, LOST), Turns(LOST), SIG_1).difference
    assert not compare(target("any"), Turns(ARRIVED), Turns(LOST, ARRIVED), SIG_1).difference


def test_the_difference_is_said() -> None:
    said = compare(target("any"), Turns(ARRIVED), Turns(LOST), SIG_1).difference
    assert said.startswith("SIG-1: pass in a PID namespace, not-delivered"), said


FAMILY = (process("launcher"), process("command"))


def test_another_tree_is_a_difference_though_the_verdict_is_the_same() -> None:
    def played(*rows: Any) -> History:
        return supervised(sent(TERM), received(TERM), looked("step", *rows), *over(7))

    alone, below = played(process("launcher")), played(process("launcher"), process("command"))
    said = compare(target("any"), Turns(alone), Turns(below), SIG_1).difference
    assert said.startswith("SIG-1: its processes are launcher"), said
    assert "command below launcher" in said


def test_what_has_not_come_to_rest_is_not_compared() -> None:
    """ssh-agent starts its command and, beside it, an agent that leads a session a moment later."""

    def played(*rows: Any) -> History:
        return supervised(looked("start", *rows), sent(TERM), received(TERM), looked("step", *FAMILY), *over(7))

    early, late = played(process("launcher")), played(*FAMILY)
    assert compare(target("any"), Turns(early), Turns(late), SIG_1).difference == ""


def test_pids_do_not_matter() -> None:
    def rows(offset: int) -> tuple[Any, ...]:
        launcher = Process(10 + offset, 1, 10 + offset, 10 + offset, "S", "tini", "launcher")
        return launcher, Process(11 + offset, 10 + offset, 11 + offset, 10 + offset, "S", "w", "command")

    assert tree_of(rows(0)) == tree_of(rows(500))
    assert tree_of(rows(0)) != tree_of(rows(0)[:1])


@pytest.mark.parametrize("control", CONTROLS, ids=lambda one: one.requirement)
def test_each_case_passes_on_the_reference(control: Control) -> None:
    """So it can tell something: one that fails on both sides is the same on both."""
    launcher = load(str(ROOT / "launcher"))
    bare = execute(Target(name="bare", command=()), control.scenario)
    assert outcome(control, execute(launcher, control.scenario), bare).verdict == ("pass",)
