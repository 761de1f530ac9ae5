"""A signal while an environment is being made: nothing remains, and the launcher dies of that signal."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.reference.conftest import LAUNCHER, REFERENCE, Sandbox, wait_for_exit

SIGNALS = [
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGRTMIN,
    signal.SIGKILL,
]


def wait_for_backend(sandbox: Sandbox) -> int:
    """Wait until the build backend of the project runs; return its PID."""
    return int(sandbox.reached_fifo().read_text())


@pytest.mark.parametrize("signo", SIGNALS, ids=str)
@pytest.mark.parametrize("what", ["run", "sync"])
def test_a_signal_during_a_build_leaves_nothing_behind(sandbox: Sandbox, signo: int, what: str) -> None:
    project = sandbox.project()
    words = ["sync"] if what == "sync" else ["run", "--with", str(project), "true"]
    before = sorted(os.listdir(project))
    launcher = sandbox.start(*words, cwd=project, variables={"REACHED": str(sandbox.reached_fifo())})
    backend = wait_for_backend(sandbox)
    launcher.send_signal(signo)
    assert launcher.wait(1 if signo == signal.SIGINT else 5) == -signo
    wait_for_exit(backend, 2.0)
    sandbox.wait_for_all_processes(2.0)
    assert sandbox.leftovers() == []
    assert sorted(os.listdir(project)) == before
    launcher.communicate()


@pytest.mark.parametrize("how", ["blocked", "ignored"])
def test_a_signal_that_the_caller_blocked_or_ignored_changes_nothing(sandbox: Sandbox, how: str) -> None:
    project = sandbox.project()
    prepare = (
        "import os, signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        if how == "blocked"
        else "import os, signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    words = [sys.executable, "-c", prepare + "os.execv(sys.argv[1], sys.argv[1:])", *LAUNCHER]
    words += ["run", "--with", str(project), "--exec", "sh", "-c", "echo $$"]
    launcher = subprocess.Popen(
        words,
        env=sandbox.environment | {"REACHED": str(sandbox.reached_fifo())},
        cwd=sandbox.work,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for_backend(sandbox)
    launcher.send_signal(signal.SIGTERM)
    sandbox.reached_fifo().write_text("continue\n")
    output, _ = launcher.communicate(timeout=30)
    assert output == f"{launcher.pid}\n"
    assert launcher.returncode == 0
    sandbox.wait_for_all_processes()


def test_a_signal_at_a_random_moment_of_a_run_leaves_nothing_behind(sandbox: Sandbox) -> None:
    """The explorer tests all moments one by one. Here the kernel schedules the processes, and Python really starts."""
    sandbox.run("run", "--with", "proctor-tool", "true")
    rng = random.Random(4)
    for _ in range(25):
        launcher = sandbox.start("run", "--with", "proctor-tool", rng.choice(["--exec", "--supervise"]), "sleep", "60")
        with contextlib.suppress(subprocess.TimeoutExpired):
            launcher.wait(0.03 + rng.random() / 5)  # after the start of Python
        signo = rng.choice([signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL])
        launcher.send_signal(signo)
        assert launcher.wait(5) == -signo
        launcher.communicate()
        sandbox.wait_for_all_processes(2.0)
        assert sandbox.leftovers() == []


def test_the_launcher_reports_a_killed_janitor_and_the_next_run_cleans_up(sandbox: Sandbox) -> None:
    project = sandbox.project()
    launcher = sandbox.start("run", "--with", str(project), "true", variables={"REACHED": str(sandbox.reached_fifo())})
    backend = wait_for_backend(sandbox)
    for pid in sandbox.processes():
        if Path(f"/proc/{pid}/task/{pid}/children").read_text() and pid != launcher.pid:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if os.fsencode(REFERENCE / "launcher") in words:
                os.kill(pid, signal.SIGKILL)
    _, error = launcher.communicate(timeout=10)
    assert launcher.returncode == 125
    assert "was killed" in error
    with contextlib.suppress(ProcessLookupError):
        os.kill(backend, signal.SIGKILL)
    sandbox.wait_for_all_processes()
    assert sandbox.run("run", "--with", "proctor-tool", "true").returncode == 0
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_ctrl_z_stops_and_ctrl_c_ends_launcher_and_build(sandbox: Sandbox) -> None:
    """In an interactive shell. The build stops and continues together with the launcher, and one Ctrl-C ends both."""
    project = sandbox.project()
    environment = sandbox.environment | {"REACHED": str(sandbox.reached_fifo()), "PS1": "prompt> ", "TERM": "xterm"}
    shell = pexpect.spawn("sh", ["-i"], env=environment, cwd=str(project), encoding="utf-8", timeout=20, echo=False)
    shell.expect("prompt> ")
    shell.sendline(shlex.join(LAUNCHER) + " sync")
    backend = wait_for_backend(sandbox)
    shell.expect("installing the project")
    shell.sendcontrol("z")
    shell.expect("prompt> ")
    # The shell has seen the launcher stop. The janitor stops the build when it reads the order.
    wait_for_state(backend, "T")
    shell.sendline("fg")
    shell.expect("installing the project")
    wait_for_state(backend, "S")
    shell.sendcontrol("c")
    shell.expect("prompt> ")
    shell.sendline("echo status $?")
    shell.expect("status 130")
    wait_for_exit(backend, 1.0)
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def wait_for_state(pid: int, state: str) -> None:
    """Wait until a process is in `state`. /proc cannot be polled for that, so read it repeatedly, with a deadline."""
    import time

    deadline = time.monotonic() + 10
    while (found := Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) != state:
        assert time.monotonic() < deadline, f"process {pid} is in state {found}, not {state}"
        os.sched_yield()


def test_a_background_job_writes_nothing_to_the_terminal(sandbox: Sandbox) -> None:
    project = sandbox.project()
    environment = sandbox.environment | {"REACHED": str(sandbox.reached_fifo()), "PS1": "prompt> ", "TERM": "xterm"}
    shell = pexpect.spawn("sh", ["-i"], env=environment, cwd=str(project), encoding="utf-8", timeout=20, echo=False)
    shell.expect("prompt> ")
    shell.sendline("stty tostop; " + shlex.join(LAUNCHER) + " sync & ")
    wait_for_backend(sandbox)
    sandbox.reached_fifo().write_text("continue\n")
    shell.sendline("wait; echo all $?")
    shell.expect("all 0")
    assert "installing" not in (shell.before or "")
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()
    sandbox.wait_for_all_processes()
