"""A system that refuses descriptors or processes: an error of its own, that names the limit; never a verdict, and never
a traceback."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.harness import system, wire
from proctor.harness.errors import HarnessError
from proctor.harness.execute import RunnerProcess
from proctor.harness.runner import __main__ as runner_program
from proctor.harness.runner.start import containment, spawn
from proctor.harness.scenario import Scenario
from proctor.harness.target import BARE
from tests.conftest import ROOT

WITHOUT = ROOT / "tests" / "hostile" / "without.py"
FEW = 20
CALLS = {
    "check": ["-m", "proctor", "check", "env", "-k", "EXIT-3"],
    "explore": ["-m", "proctor", "explore", "env", "--requirement=SIG-6"],
    "hunt": ["-m", "proctor", "hunt", "env", "--seconds=1"],
    "pytest": ["-m", "pytest", "conformance/", "-p", "no:cacheprovider", "--target=env", "-k", "EXIT-3"],
    "workers": ["-m", "pytest", "conformance/", "-p", "no:cacheprovider", "--target=env", "-k", "EXIT-3", "-n2"],
}


def with_descriptors(most: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with at most so many descriptors."""
    return subprocess.run(
        ["sh", "-c", f'ulimit -n {most} && exec "$@"', "sh", sys.executable, *words], cwd=ROOT, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_too_few_descriptors_are_an_error_that_says_so(name: str) -> None:
    done = with_descriptors(FEW, *CALLS[name])
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"only {FEW} descriptors here, and Proctor needs {system.FEWEST_DESCRIPTORS}." in done.stderr
    assert "Traceback" not in done.stdout + done.stderr and "INTERNALERROR" not in done.stdout + done.stderr


@pytest.mark.parametrize("words", [CALLS["check"], CALLS["hunt"] + ["--seed=1", "--workers=2", "--state={tmp}"]])
def test_the_fewest_are_enough(words: list[str], tmp_path: Path) -> None:
    done = with_descriptors(system.FEWEST_DESCRIPTORS, *(word.replace("{tmp}", str(tmp_path)) for word in words))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_limit_is_read() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert system.most_descriptors() == (None if soft == resource.RLIM_INFINITY else soft)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_runner_that_has_used_all_of_them_says_so(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(runner_program, "Execution", refuses)
    monkeypatch.setattr(containment, "end_all", lambda: None)
    with socket.socket() as link:
        reply = runner_program.Runner(tmp_path, link).perform(wire.Request(BARE, Scenario(())))
    assert reply.error.startswith("the runner cannot open another descriptor: ") and "ulimit -n" in reply.error
    assert "Traceback" not in reply.error


def refuse(*_: object, **__: object) -> int:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def test_no_process_for_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "posix_spawn", refuse)
    with pytest.raises(HarnessError, match=r"not started: Resource temporarily unavailable; fork\(2\).*ulimit -u"):
        spawn.spawn([b"x"], [], {}, {})


def test_no_process_for_the_guardian(monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(HarnessError, match=r"guardian: Resource temporarily unavailable\. .*ulimit -u"):
        RunnerProcess("subreaper")
    assert len(os.listdir("/proc/self/fd")) == before, "a descriptor was left open"


@pytest.mark.parametrize(
    ("without", "why"),
    [
        ("pidfds", "pidfd_open(2): Function not implemented"),
        ("no-pidfds", "pidfd_open(2): Operation not permitted"),
        ("send", "pidfd_send_signal(2): Function not implemented"),
    ],
)
@pytest.mark.parametrize("name", ["check", "explore", "hunt", "pytest"])
def test_without_pidfds_the_error_names_them(name: str, without: str, why: str) -> None:
    done = subprocess.run(
        [sys.executable, str(WITHOUT), without, sys.executable, *CALLS[name]], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"proctor: {why}. Without" in done.stderr and "seccomp profile" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr and "INTERNALERROR" not in done.stdout + done.stderr


def test_the_doctor_says_it_once() -> None:
    words = [sys.executable, str(WITHOUT), "pidfds", sys.executable, "-m", "proctor", "doctor"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "NO   pidfds             pidfd_open(2): Function not implemented" in done.stdout
    assert "Nothing can be observed here." in done.stdout and "Traceback" not in done.stdout


@pytest.mark.parametrize("kind", ["job", "init"])
def test_no_process_below_the_stage_is_told_by_its_error(kind: str) -> None:
    reader, writer = os.pipe()
    words = [sys.executable, str(WITHOUT), "fork", str(spawn.STAGE), f"report={writer}", f"{kind}=1"]
    subprocess.run([*words, "--", "/bin/true", "true"], pass_fds=(writer,), timeout=60, check=False)
    os.close(writer)
    with open(reader, encoding="utf-8") as lines:
        assert f"error fork {errno.EAGAIN} 0\n" in lines.readlines()
