"""The socket to which the command reports: a process that is not the launcher's is refused and named, and nothing that
it does is the launcher's fault."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.conformance.checks import exit as exit_checks
from proctor.conformance.judging.judge import Bare, judge
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import settings
from proctor.harness.descriptions import load
from proctor.harness.history import Notified, PeerRefused, WaitFailed, WitnessReady
from proctor.harness.runner.start.spawn import WITNESS
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.target import BARE, Target
from tests.conftest import ROOT, has_namespace, run_proctor

PROGRAMS = ROOT / "tests" / "launchers_for_tests"
NOBODY = 65534
END = Scenario(finish(5))
REASON = "the command was started by a process that is no descendant of the launcher"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run a process as another user")


@pytest.fixture(params=["namespace", "subreaper"])
def wish(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Contain launchers in this way."""
    if request.param == "namespace" and not has_namespace():
        pytest.skip("no PID namespaces here")
    door.stop()
    monkeypatch.setenv(settings.CONTAINMENT, request.param)
    yield request.param
    door.stop()


@contextlib.contextmanager
def outsider(kind: str, directory: Path, uid: int | None = None) -> Iterator[tuple[Target, int]]:
    """Start the process that is asked; give the launcher that asks it, and its pid."""
    path = directory / "asked"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        words = [str(listener.fileno()), str(os.geteuid() if uid is None else uid), kind]
        command = [sys.executable, "-I", "-S", str(PROGRAMS / "outsider.py"), *words]
        with subprocess.Popen(command, pass_fds=(listener.fileno(),)) as process:
            try:
                launcher = (sys.executable, "-I", "-S", str(PROGRAMS / "asks.py"), str(path))
                yield Target("asks", launcher), process.pid
            finally:
                process.kill()


@pytest.mark.parametrize(
    ("kind", "uid"),
    [
        ("forged", None),
        pytest.param("forged", NOBODY, marks=as_root),
        ("malformed", None),
        ("oversized", None),
        ("silent", None),
        ("many", None),
    ],
)
def test_a_process_that_is_not_the_launchers_is_refused_and_named(
    wish: str, kind: str, uid: int | None, tmp_path: Path
) -> None:
    with outsider(kind, tmp_path, uid) as (target, pid):
        history = door.execute(target, END)
    refused = set(history.facts(PeerRefused))
    # in a PID namespace what is outside has no number
    seen_uid = os.geteuid() if uid is None else uid
    assert refused == {PeerRefused(0 if wish == "namespace" else pid, seen_uid, "outside")}
    assert [ready.process for ready in history.facts(WitnessReady)] == ["command"]
    assert not history.facts(WaitFailed)
    assert exit_checks.same_status(history, door.execute(BARE, END)) == []


def test_a_message_to_the_service_manager_from_another_process_is_not_taken(wish: str, tmp_path: Path) -> None:
    with outsider("notify", tmp_path) as (target, pid):
        history = door.execute(target, Scenario(finish(5), Stage(notify=True)))
    seen_pid = 0 if wish == "namespace" else pid
    assert history.facts(PeerRefused) == [PeerRefused(seen_pid, os.geteuid(), "outside", "notify")]
    assert not history.facts(Notified)


@pytest.mark.usefixtures("wish")
def test_a_flood_of_connections_is_an_error_and_no_fail(tmp_path: Path) -> None:
    with outsider("flood", tmp_path) as (target, _):
        judgement = judge(
            requirements()["EXIT-1"], target, END, exit_checks.same_status, door.execute, Bare(door.execute)
        )
    assert judgement.verdict == "error", judgement
    assert judgement.reason.startswith("more than 1000 connections from processes that are not the launcher's")
    assert not door.execute(BARE, END).facts(WaitFailed)


@pytest.mark.parametrize("kind", ["daemon", "daemon-at-once"])
def test_a_command_that_a_daemon_starts_is_not_observable(wish: str, kind: str, tmp_path: Path) -> None:
    with outsider(kind, tmp_path) as (target, _):
        judgement = judge(
            requirements()["EXIT-1"], target, END, exit_checks.same_status, door.execute, Bare(door.execute)
        )
    assert judgement.verdict == "not observable", judgement
    assert judgement.reason.startswith(REASON)
    assert ("outside of the PID namespace" in judgement.reason) == (wish == "namespace")


@pytest.mark.usefixtures("wish")
def test_a_launcher_that_lets_a_daemon_work_is_told_so(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    with outsider("daemon", tmp_path) as (target, _):
        done = run_proctor("check", shlex.join(target.command), f"--results={results}", cwd=tmp_path)
    assert (done.returncode, REASON in done.stderr) == (2, True), done.stdout + done.stderr
    found = {row["verdict"] for row in json.loads(results.read_text())["requirements"].values()}
    assert found <= {"not observable", "not applicable", "not run"} and "not observable" in found


@as_root
@pytest.mark.parametrize("command", ["gosu nobody", f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"])
@pytest.mark.usefixtures("wish")
def test_a_command_that_runs_as_another_user_is_served(command: str) -> None:
    words = command.split()
    if not shutil.which(words[0]):
        pytest.skip(f"needs {words[0]}")
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "test", "-x", str(WITNESS)]
    if subprocess.run(as_nobody, check=False).returncode:
        pytest.skip("nobody may not execute the witness where this checkout is")
    history = door.execute(load(command), END)
    (ready,) = history.facts(WitnessReady)
    assert ready.inherited.uid == NOBODY
    assert exit_checks.same_status(history, door.execute(BARE, END)) == []
    assert not history.facts(PeerRefused)


@pytest.mark.parametrize("others_may", [0o777, 0o700])
@pytest.mark.usefixtures("no_runner_is_left")
def test_only_we_may_change_the_directory_of_the_socket(others_may: int) -> None:
    before = os.umask(0o777 - others_may)
    try:
        door.stop()
        door.execute(BARE, END)
        assert door._runner
        places = [path for path in Path(door._runner.scratch).iterdir() if (path / "s").exists()]
    finally:
        os.umask(before)
    assert [(path.stat().st_uid, path.stat().st_mode & 0o777) for path in places] == [(os.geteuid(), 0o711)]
