"""Errors: the message says what was asked, what was found and what to do; the exit status fits; nothing remains."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.conftest import LAUNCHER, REFERENCE, Sandbox

UNPRIVILEGED = 65534


def assert_error(sandbox: Sandbox, status: int, *parts: str, words: tuple[str, ...] = (), **variables: str) -> None:
    """Run the launcher; check its exit status, that its message contains `parts`, and that nothing remains."""
    words = words or ("run", "--with", "proctor-tool", "true")
    result = sandbox.run(*words, variables=variables)
    for part in parts:
        assert part in result.stderr
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.startswith("launcher: ")
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def fake_interpreter(sandbox: Sandbox, script: str, mode: int = 0o755) -> str:
    """Write a shell script that is used as an interpreter; return its path."""
    path = sandbox.top / "python-x"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return str(path)


def test_a_requirement_without_a_wheel_is_an_error(sandbox: Sandbox) -> None:
    words = ("run", "--with", "not-there", "true")
    assert_error(
        sandbox, 125, "cannot install not-there", "PIP_NO_INDEX is set", "No matching distribution", words=words
    )


def test_an_index_that_does_not_answer_is_an_error(sandbox: Sandbox) -> None:
    del sandbox.environment["PIP_NO_INDEX"]
    sandbox.environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    assert_error(sandbox, 125, "cannot install not-there", "| ", words=("run", "--with", "not-there", "true"))


def test_a_broken_wheel_is_an_error(sandbox: Sandbox) -> None:
    (sandbox.wheels / "broken-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 \x1b[31m no wheel")
    assert_error(sandbox, 125, "cannot install broken", "| ", words=("run", "--with", "broken", "true"))


@pytest.mark.parametrize("requirement", ["", " ", "-e.", "==", "a b c"])
def test_an_invalid_requirement_is_an_error(sandbox: Sandbox, requirement: str) -> None:
    assert_error(sandbox, 125, words=("run", "--with", requirement, "true"))


@pytest.mark.parametrize(
    "words", [("run", "--with", "x"), ("tool", "run"), ("tool",), ("cache",), ("cache", "x"), ("sync", "x")]
)
def test_an_incomplete_command_line_is_an_error(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    assert_error(sandbox, 125, words=words)


def test_a_missing_interpreter_is_an_error(sandbox: Sandbox) -> None:
    for name in ("/not/there", "no-such-python", "9.9"):
        words = ("run", "--with", "proctor-tool", "--python", name, "true")
        assert_error(sandbox, 127, "there is no interpreter", "Give the path of a python", words=words)


def test_an_interpreter_without_execute_permission_is_an_error(sandbox: Sandbox) -> None:
    name = fake_interpreter(sandbox, "", 0o644)
    words = ("run", "--with", "proctor-tool", "--python", name, "true")
    assert_error(sandbox, 126, f"cannot run the interpreter '{name}': Permission denied", words=words)


@pytest.mark.parametrize("signo", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
@pytest.mark.parametrize("what", [("run", "--with", "proctor-tool"), ("sync",)])
def test_an_interpreter_that_dies_is_named_with_its_signal(
    sandbox: Sandbox, signo: signal.Signals, what: tuple[str, ...]
) -> None:
    """EXIT-5."""
    (sandbox.work / "pyproject.toml").write_text("")
    name = fake_interpreter(sandbox, f"kill -{signo.name.removeprefix('SIG')} $$")
    words = (*what, "--python", name) + (("true",) if what[0] == "run" else ())
    assert_error(sandbox, 128 + signo, f"the interpreter '{name}' died of {signo.name}", words=words)


def test_an_interpreter_that_hangs_is_killed_with_its_children(sandbox: Sandbox) -> None:
    name = fake_interpreter(sandbox, "sleep 1000 & sleep 1000")
    words = ("run", "--with", "proctor-tool", "--python", name, "true")
    assert_error(sandbox, 125, f"'{name}' did not answer within 0.2 s", words=words, LAUNCHER_INTERPRETER_TIMEOUT="0.2")


def test_a_program_that_is_no_python_is_an_error(sandbox: Sandbox) -> None:
    words = ("run", "--with", "proctor-tool", "--python", fake_interpreter(sandbox, "echo hello"), "true")
    assert_error(sandbox, 125, "is no Python that can be used", "| hello", words=words)


def test_a_file_in_place_of_the_cache_is_an_error(sandbox: Sandbox) -> None:
    sandbox.cache.write_text("")
    assert_error(sandbox, 125, str(sandbox.cache), "Not a directory", "--cache-dir")


def test_a_missing_or_invalid_pyproject_is_an_error(sandbox: Sandbox) -> None:
    assert_error(sandbox, 125, "there is no pyproject.toml in", "change to the directory", words=("sync",))
    (sandbox.work / "pyproject.toml").write_text("[project\n")
    assert_error(sandbox, 125, "is not valid TOML", "line 1", words=("sync",))
    (sandbox.work / "pyproject.toml").write_text("[project]\ndependencies = 'x'\n")
    assert_error(sandbox, 125, "has to be a list of requirements", words=("sync",))


def test_a_removed_working_directory_is_an_error(sandbox: Sandbox) -> None:
    words = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", *LAUNCHER, "sync"]
    result = subprocess.run(
        words, cwd=sandbox.work, env=sandbox.environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 125
    assert "Traceback" not in result.stderr


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount file systems and change the user")


@needs_root
def test_a_cache_of_another_user_is_an_error(sandbox: Sandbox) -> None:
    sandbox.cache.mkdir()
    os.chown(sandbox.cache, UNPRIVILEGED, UNPRIVILEGED)
    assert_error(sandbox, 125, "belongs to another user (uid 65534", "--cache-dir")


@needs_root
@pytest.mark.parametrize(
    ("option", "reason"), [("ro", "Read-only file system"), ("size=16k", "No space left on device")]
)
def test_a_full_or_read_only_file_system_is_an_error(sandbox: Sandbox, option: str, reason: str) -> None:
    """On a small tmpfs in a mount namespace, which unmounts it at the end."""
    sandbox.cache.mkdir()
    cache = shlex.quote(str(sandbox.cache))
    mount = f"mount -t tmpfs -o {option} none {cache} && exec "
    run = shlex.join([*LAUNCHER, "run", "--with", "proctor-tool", "true"])
    probe = subprocess.run(["unshare", "-m", "sh", "-c", mount + "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this system does not allow mount(2)")
    after = "; code=$?; find . -mindepth 1 -type f >&2; exit $code"
    words = ["unshare", "-m", "sh", "-c", f"{mount.replace(' exec ', ' ')} cd {cache} && {run}{after}"]
    result = subprocess.run(
        words, env=sandbox.environment, cwd=sandbox.work, capture_output=True, text=True, check=False
    )
    assert result.returncode == 125
    assert reason in result.stderr or "Read-only" in result.stderr
    assert "Traceback" not in result.stderr
    assert not [line for line in result.stderr.splitlines() if line.startswith("./")], result.stderr
    sandbox.wait_for_all_processes()


@needs_root
def test_a_cache_without_write_permission_is_an_error(sandbox: Sandbox) -> None:
    """As another user than root, which may write everywhere."""
    sandbox.top.joinpath("cache").chmod(0o555)
    for path in [sandbox.top, *sandbox.top.parents]:
        if path.stat().st_uid == os.geteuid() and stat.S_IMODE(path.stat().st_mode) & 0o5 != 0o5:
            pytest.skip(f"{path} is not accessible to other users")
    result = subprocess.run(
        [*LAUNCHER, "run", "--with", "proctor-tool", "true"],
        env=sandbox.environment,
        cwd=sandbox.work,
        capture_output=True,
        text=True,
        check=False,
        user=UNPRIVILEGED,
    )
    assert result.returncode in (125, 126)
    assert "Traceback" not in result.stderr


def test_a_system_without_pidfd_is_an_error(sandbox: Sandbox, tmp_path: Path) -> None:
    script = tmp_path / "without.py"
    script.write_text(
        "import sys, os\n"
        "def fail(pid): raise OSError(38, os.strerror(38))\n"
        "os.pidfd_open = fail\n"
        f"sys.path.insert(0, {str(REFERENCE)!r})\n"
        "from reference_launcher.main import main\n"
        "main(sys.argv[1:], set())\n"
    )
    result = subprocess.run(
        [sys.executable, str(script), "run", "--with", "proctor-tool", "true"],
        env=sandbox.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 125
    assert "has no pidfd_open(2)" in result.stderr
