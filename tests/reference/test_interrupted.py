"""A signal while an environment is being made: nothing is left, and the launcher dies of that signal."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.reference.conftest import LAUNCHER, Place, await_end

SIGNALS = [
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGRTMIN,
    signal.SIGKILL,
]


def in_the_backend(place: Place) -> int:
    """Wait until the build backend of the project runs, and return its PID."""
    return int(place.fifo().read_text())


@pytest.mark.parametrize("signo", SIGNALS, ids=str)
@pytest.mark.parametrize("what", ["run", "sync"])
def test_a_signal_during_a_build_leaves_nothing(place: Place, signo: int, what: str) -> None:
    project = place.project()
    words = ["sync"] if what == "sync" else ["run", "--with", str(project), "true"]
    before = sorted(os.listdir(project))
    launcher = place.start(*words, cwd=project, variables={"REACHED": str(place.fifo())})
    backend = in_the_backend(place)
    launcher.send_signal(signo)
    assert launcher.wait(1 if signo == signal.SIGINT else 5) == -signo
    await_end(backend, 2.0)
    place.await_quiet(2.0)
    assert place.leftovers() == []
    assert sorted(os.listdir(project)) == before
    launcher.communicate()


@pytest.mark.parametrize("how", ["blocked", "ignored"])
def test_a_signal_that_the_caller_does_not_want_changes_nothing(place: Place, how: str) -> None:
    project = place.project()
    prepare = (
        "import os, signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        if how == "blocked"
        else "import os, signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    words = [sys.executable, "-c", prepare + "os.execv(sys.argv[1], sys.argv[1:])", *LAUNCHER]
    words += ["run", "--with", str(project), "--exec", "sh", "-c", "echo $$"]
    launcher = subprocess.Popen(
        words, env=place.environment | {"REACHED": str(place.fifo())}, cwd=place.work, stdout=subprocess.PIPE, text=True
    )
    in_the_backend(place)
    launcher.send_signal(signal.SIGTERM)
    place.fifo().write_text("go on\n")
    out, _ = launcher.communicate(timeout=30)
    assert out == f"{launcher.pid}\n"
    assert launcher.returncode == 0
    place.await_quiet()


def test_signals_at_random_moments_of_a_start(place: Place) -> None:
    """Not a sweep: the explorer does that. But here Python starts, and the kernel decides."""
    place.run("run", "--with", "proctor-tool", "true")
    chance = random.Random(4)
    for _ in range(25):
        launcher = place.start("run", "--with", "proctor-tool", chance.choice(["--exec", "--supervise"]), "sleep", "60")
        with contextlib.suppress(subprocess.TimeoutExpired):
            launcher.wait(0.03 + chance.random() / 5)  # past the start of Python itself
        signo = chance.choice([signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL])
        launcher.send_signal(signo)
        assert launcher.wait(5) == -signo
        launcher.communicate()
        place.await_quiet(2.0)
        assert place.leftovers() == []


def test_a_janitor_that_is_killed_is_told_and_the_next_run_cleans_up(place: Place) -> None:
    project = place.project()
    launcher = place.start("run", "--with", str(project), "true", variables={"REACHED": str(place.fifo())})
    backend = in_the_backend(place)
    for pid in place.janitors():
        if Path(f"/proc/{pid}/task/{pid}/children").read_text() and pid != launcher.pid:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if LAUNCHER[-1].encode() in words:
                os.kill(pid, signal.SIGKILL)
    _, said = launcher.communicate(timeout=10)
    assert launcher.returncode == 125
    assert "was killed" in said
    with contextlib.suppress(ProcessLookupError):
        os.kill(backend, signal.SIGKILL)
    place.await_quiet()
    assert place.run("run", "--with", "proctor-tool", "true").returncode == 0
    place.await_quiet()
    assert place.leftovers() == []


def test_ctrl_z_and_ctrl_c_at_a_shell(place: Place) -> None:
    """The build stops with the launcher, goes on with it, and one Ctrl-C ends both; the line is erased."""
    project = place.project()
    environment = place.environment | {"REACHED": str(place.fifo()), "PS1": "prompt> ", "TERM": "xterm"}
    shell = pexpect.spawn("sh", ["-i"], env=environment, cwd=str(project), encoding="utf-8", timeout=20, echo=False)
    shell.expect("prompt> ")
    shell.sendline(" ".join(LAUNCHER) + " sync")
    backend = in_the_backend(place)
    shell.expect("installing the project")
    shell.sendcontrol("z")
    shell.expect("prompt> ")
    # The shell has seen the launcher stop; the janitor stops the others as soon as it reads that.
    await_state(backend, "T")
    shell.sendline("fg")
    shell.expect("installing the project")
    await_state(backend, "S")
    shell.sendcontrol("c")
    shell.expect("prompt> ")
    shell.sendline("echo status $?")
    shell.expect("status 130")
    await_end(backend, 1.0)
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()
    place.await_quiet()
    assert place.leftovers() == []


def await_state(pid: int, state: str) -> None:
    """Wait until a process is in a state: /proc cannot be waited for, so this looks again, with a deadline."""
    import time

    deadline = time.monotonic() + 10
    while (seen := Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) != state:
        assert time.monotonic() < deadline, f"process {pid} is in state {seen}, not {state}"
        os.sched_yield()


def test_a_job_in_the_background_writes_nothing_on_the_terminal(place: Place) -> None:
    project = place.project()
    environment = place.environment | {"REACHED": str(place.fifo()), "PS1": "prompt> ", "TERM": "xterm"}
    shell = pexpect.spawn("sh", ["-i"], env=environment, cwd=str(project), encoding="utf-8", timeout=20, echo=False)
    shell.expect("prompt> ")
    shell.sendline("stty tostop; " + " ".join(LAUNCHER) + " sync & ")
    in_the_backend(place)
    place.fifo().write_text("go on\n")
    shell.sendline("wait; echo all $?")
    shell.expect("all 0")
    assert "installing" not in (shell.before or "")
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()
    place.await_quiet()
