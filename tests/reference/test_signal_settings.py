"""The front, `bin/launcher`: the command has the caller's signal settings, and nothing of the front."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.conftest import LAUNCHER, REFERENCE

MODES = ("--exec", "--supervise")
SETTINGS = {
    "as-usual": (set(), set()),
    "pipe": ({signal.SIGPIPE}, set()),
    "xfsz": ({signal.SIGXFSZ}, set()),
    "all-that-python-changes": ({signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT}, set()),
    "child": ({signal.SIGCHLD}, {signal.SIGCHLD}),
    "blocked": (set(), {signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGRTMIN + 3}),
}


def as_mask(numbers: set[int]) -> int:
    return sum(1 << (number - 1) for number in numbers)


def run(*words: str, ignored: set[int], blocked: set[int], env: dict[str, str] | None = None) -> str:
    """Run a program with these settings; return its output."""

    def prepare() -> None:
        for number in (signal.SIGPIPE, signal.SIGXFSZ, *ignored):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    done = subprocess.run(
        words, preexec_fn=prepare, restore_signals=False, env=env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("ignored", "blocked"), SETTINGS.values(), ids=SETTINGS.keys())
def test_ignored_and_blocked_signals_reach_the_command(mode: str, ignored: set[int], blocked: set[int]) -> None:
    output = run(*LAUNCHER, "run", mode, "cat", "/proc/self/status", ignored=ignored, blocked=blocked)
    status = dict(line.split(":\t") for line in output.splitlines())
    assert int(status["SigIgn"], 16) == as_mask(ignored)
    assert int(status["SigBlk"], 16) == as_mask(blocked)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_of_the_front_reaches_the_command(mode: str) -> None:
    """No variable, no descriptor, no argument."""
    env = {"PATH": os.environ["PATH"], "a.b": "1"}
    words = [sys.executable, "-c", "import os, sys; print(os.environb, sys.argv, sorted(os.listdir('/proc/self/fd')))"]
    alone = run(*words, "x", ignored=set(), blocked=set(), env=env)
    assert run(*LAUNCHER, "run", mode, *words, "x", ignored=set(), blocked=set(), env=env) == alone


def test_without_the_front_pythons_own_changes_are_undone() -> None:
    words = [sys.executable, "-I", "-S", str(REFERENCE / "launcher"), "run", "--exec", "cat", "/proc/self/status"]
    output = run(*words, ignored={signal.SIGPIPE, signal.SIGHUP}, blocked=set())
    assert f"SigIgn:\t{as_mask({signal.SIGHUP}):016x}" in output, "what SIGPIPE was is not known: it gets its default"


def test_it_finds_its_script_through_a_link_and_python_in_path(tmp_path: Path) -> None:
    link = tmp_path / "anything"
    link.symlink_to(REFERENCE / "bin" / "launcher")
    (tmp_path / "python3").symlink_to(sys.executable)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert run("anything", "run", "echo", "found", ignored=set(), blocked=set(), env=env) == "found\n"


def test_an_interpreter_that_is_missing_is_named() -> None:
    words = [LAUNCHER[0], "--interpreter=/nonexistent/python", "run", "true"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 125, "as whatever is the launcher's own failure"
    assert done.stderr == "launcher: cannot run '/nonexistent/python': No such file or directory\n"


@pytest.mark.parametrize("mode", MODES)
def test_an_interrupt_that_comes_before_python_leaves_no_traceback(mode: str, tmp_path: Path) -> None:
    """It stays pending until there is a command to get it: no half-started Python ends of it."""
    interpreter, survived = tmp_path / "python", tmp_path / "survived"
    touched, python = shlex.quote(str(survived)), shlex.quote(sys.executable)
    interpreter.write_text(f'#!/bin/sh\nkill -INT $$\n: > {touched}\nexec {python} "$@"\n')
    interpreter.chmod(0o755)
    words = [LAUNCHER[0], f"--interpreter={interpreter}", "run", mode, "sleep", "60"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert survived.exists()
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
