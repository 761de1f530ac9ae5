"""Launchers that do harm: the suite ends in bounded time, with a right verdict, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.conformance.checks import exit as exit_checks
from proctor.conformance.checks import terminal as terminal_checks
from proctor.conformance.checks import tree as tree_checks
from proctor.conformance.judging.judge import Bare, Judgement, judge
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import orders
from proctor.harness.descriptions import load
from proctor.harness.errors import HarnessError
from proctor.harness.history import (
    Held,
    History,
    LimitExceeded,
    PeerRefused,
    Snapshot,
    TempFilesLeft,
    Unobserved,
    WaitFailed,
)
from proctor.harness.scenario import JOB, LEADER, PIPES, Hold, Order, Release, Scenario, Settle, Stage, WaitReady
from proctor.harness.target import BARE, Target
from tests.conftest import ROOT

LAUNCHER = ROOT / "tests" / "hostile" / "launcher.py"
END = Scenario(finish(5))
REST = Scenario((Settle(), *finish(5)))


@pytest.fixture(autouse=True)
def contained() -> Iterator[None]:
    """No launcher leaves the PID namespace of the runner, and the runner still works afterwards."""
    if not door.has_namespace():
        pytest.skip(f"these launchers are run in a PID namespace only; here: {door.containment()}")
    yield
    # nothing of the launcher is there any more, and what comes next is judged as ever
    history = door.execute(BARE, END)
    look = history.facts(Snapshot)[0]
    assert [process.role for process in look.processes] == ["launcher"]
    assert not history.facts(WaitFailed)


def hostile(harm: str) -> Target:
    return Target(name=harm, command=(sys.executable, "-I", "-S", str(LAUNCHER), harm))


def play(harm: str, scenario: Scenario = END) -> History:
    return door.execute(hostile(harm), scenario)


def status(harm: str, stage: Stage = PIPES) -> Judgement:
    """Judge EXIT-1: is the command's exit code the launcher's?"""
    scenario = Scenario(finish(5), stage)
    bare = Bare(door.execute)
    return judge(requirements()["EXIT-1"], hostile(harm), scenario, exit_checks.same_status, door.execute, bare)


def left(harm: str) -> Judgement:
    """Judge TREE-1: is nothing left?"""
    return judge(
        requirements()["TREE-1"], hostile(harm), REST, tree_checks.nothing_left, door.execute, Bare(door.execute)
    )


@pytest.mark.parametrize("harm", ["exits", "kills_group"])
def test_a_command_that_does_not_run_or_end_is_a_fail(harm: str) -> None:
    judgement = status(harm)
    assert judgement.verdict == "fail", judgement
    assert judgement.violations[0].actual


@pytest.mark.parametrize("harm", ["steals_socket", "pretends", "stops_itself"])
def test_a_command_that_is_never_seen_is_a_violation(harm: str) -> None:
    history = play(harm)
    assert history.facts(WaitFailed)[0].awaited == WaitReady()
    assert exit_checks.same_status(history, door.execute(BARE, END))


def test_a_silent_hang_is_detected_before_the_deadline() -> None:
    start = time.monotonic()
    missed = play("hangs").facts(WaitFailed)[0]
    assert missed.sure
    assert "launcher" in [process.role for process in missed.last_seen]
    assert time.monotonic() - start < 20  # and not the 30 s that a launcher may take to start


def test_a_launcher_that_execs_itself_forever_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    door.stop()
    monkeypatch.setenv("PROCTOR_START_WITHIN", "1")
    history = play("execs_itself")
    door.stop()
    assert not history.facts(WaitFailed)[0].sure


@pytest.mark.parametrize("stage", [PIPES, LEADER], ids=["pipes", "terminal"])
def test_a_hundred_megabytes_are_read_but_not_stored(stage: Stage) -> None:
    judgement = status("floods", stage)
    assert judgement.verdict == "pass", judgement
    history = play("floods", Scenario(finish(5), stage))
    assert sum(len(str(event)) for event in history.events) < 1_000_000


def test_an_endless_flood_ends() -> None:
    history = play("floods_for_ever")
    assert [fact.when for fact in history.facts(Snapshot)] == ["start", "end"]


@pytest.mark.parametrize("harm", ["fork_bomb", "threads"])
def test_a_fork_bomb_is_contained_and_nothing_passes(harm: str) -> None:
    history = play(harm, REST)
    assert history.facts(LimitExceeded)[0].what in ("processes", "threads")
    assert history.facts(WaitFailed)
    assert len(history.facts(Snapshot)[-1].processes) <= 500
    assert left(harm).verdict in ("fail", "not observable")
    if harm == "fork_bomb":  # the other may have ended with its command before it has made too many threads
        assert status(harm).verdict in ("fail", "not observable")


def test_a_process_that_forks_and_exits_forever_is_left_and_then_ended() -> None:
    history = play("forks_and_ends")
    assert tree_checks.nothing_left(history, door.execute(BARE, END))


def test_an_escaping_daemon_is_found_and_ended() -> None:
    assert status("runs_away").verdict == "pass"
    judgement = left("runs_away")
    assert judgement.verdict == "fail", judgement


def test_a_sigkill_to_the_parent_has_no_effect() -> None:
    assert status("kills_parent").verdict == "pass"


def test_a_sigkill_to_all_processes_hits_no_other_process() -> None:
    check = exit_checks.same_status(play("kills_all"), door.execute(BARE, END))
    assert check  # the command was hit; the runner, which is PID 1 there, was not


def test_without_a_namespace_a_killed_runner_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    door.stop()
    monkeypatch.setenv("PROCTOR_CONTAINMENT_WISH", "subreaper")
    try:
        with pytest.raises(HarnessError, match=r"the runner died\. This says nothing about the launcher"):
            play("kills_parent")
        assert not door.execute(BARE, END).facts(WaitFailed)
    finally:
        door.stop()


@pytest.mark.parametrize("harm", ["sparse_file", "odd_files"])
def test_files_left_in_tmpdir_are_reported_and_removed(harm: str) -> None:
    history = play(harm)
    names = history.facts(TempFilesLeft)[0].paths
    assert names
    "".join(names).encode()
    assert not door.execute(hostile("kills_parent"), END).facts(TempFilesLeft)
    assert not play("exits").facts(TempFilesLeft)
    again = play(harm)  # in the place that it has filled before
    assert again.facts(TempFilesLeft)[0].paths == names


def test_deep_and_locked_directories_do_not_outlive_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door.stop()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    play("odd_files")
    assert os.listdir(tmp_path)
    door.stop()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("harm", ["removes_everything", "blocks_socket"])
def test_the_next_execution_works_after_damage_to_our_files(harm: str) -> None:
    assert play(harm).facts(WaitFailed)
    assert play(harm).facts(WaitFailed)
    assert status("kills_parent").verdict == "pass"


def test_garbage_on_the_socket_is_ignored() -> None:
    judgement = status("sends_garbage")
    assert judgement.verdict == "pass", judgement


def test_connections_that_say_nothing_keep_no_command_out() -> None:
    history = play("holds_connections")
    assert {fact.why for fact in history.facts(PeerRefused)} == {"silent"}
    assert status("holds_connections").verdict == "pass"


def test_an_impostor_is_named() -> None:
    history = play("pretends")
    assert history.facts(Unobserved)[0].code == "other-program"
    assert history.facts(WaitFailed)[0].awaited == WaitReady()


def test_changed_terminal_modes_are_a_fail() -> None:
    scenario = Scenario((Settle(), *finish(5)), JOB)
    check = terminal_checks.terminal_is_restored
    judgement = judge(
        requirements()["TTY-7"], hostile("spoils_terminal"), scenario, check, door.execute, Bare(door.execute)
    )
    assert judgement.verdict == "fail", judgement


def test_an_already_traced_launcher_is_held_by_sigstop() -> None:
    history = play("is_traced", Scenario((Settle(), Hold(), Order(orders.ReportView()), Release(), *finish(5))))
    assert history.facts(Held)[0].how == "SIGSTOP"
    assert not history.facts(WaitFailed), history.facts(WaitFailed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
def test_a_launcher_that_drops_its_privileges_is_judged() -> None:
    from proctor.harness.runner.start.spawn import WITNESS

    if subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x", WITNESS], check=False
    ).returncode:
        pytest.skip("nobody may not execute the witness where this checkout is")
    assert status("drops_privileges").verdict == "pass"
    assert left("drops_privileges").verdict == "pass"


def test_a_launcher_that_hides_is_judged() -> None:
    assert status("hides").verdict == "pass"
    assert left("hides").verdict == "pass"


def test_a_launcher_in_its_own_namespaces_is_judged() -> None:
    command = "unshare --user --map-root-user --pid --fork"
    if subprocess.run([*command.split(), "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    history = door.execute(load(command), REST)
    assert exit_checks.same_status(history, door.execute(BARE, REST)) == []
    assert tree_checks.nothing_left(history, door.execute(BARE, REST)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to unmount")
def test_a_launcher_that_unmounts_proc_is_an_error_and_the_next_one_is_not() -> None:
    with pytest.raises(HarnessError):
        play("unmounts_proc", REST)
    assert status("kills_parent").verdict == "pass"


def test_printed_control_sequences_do_not_reach_the_terminal(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    target = shlex.join([sys.executable, "-I", "-S", str(LAUNCHER), "prints_escapes"])
    command = [
        sys.executable, "-m", "pytest", "conformance/", f"--target={target}",
        "-k", "EXIT-3 or EXIT-5 or EXIT-6 or TREE-1", f"--results={results}", "-rA", "-v", "--color=no",
        "-p", "no:cacheprovider", f"--junitxml={tmp_path / 'junit.xml'}",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout.decode(errors="replace")
    for text in (done.stdout, done.stderr, results.read_bytes(), (tmp_path / "junit.xml").read_bytes()):
        assert not re.findall(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", text)
    assert json.loads(results.read_text())["requirements"]["EXIT-5"]["verdict"] == "fail"
