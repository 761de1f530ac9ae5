"""Bad input: the message says what was asked, what was found and what to do; the status is right; nothing is left."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.conftest import LAUNCHER, Place

UNPRIVILEGED = 65534


def refused(place: Place, status: int, *parts: str, words: tuple[str, ...] = (), **more: str) -> None:
    words = words or ("run", "--with", "proctor-tool", "true")
    done = place.run(*words, variables=more)
    for part in parts:
        assert part in done.stderr
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("launcher: ")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    place.await_quiet()
    assert place.leftovers() == []


def interpreter(place: Place, script: str, mode: int = 0o755) -> str:
    path = place.top / "python-x"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return str(path)


def test_no_network_and_a_missing_wheel(place: Place) -> None:
    words = ("run", "--with", "not-there", "true")
    refused(place, 125, "cannot install not-there", "PIP_NO_INDEX is set", "No matching distribution", words=words)


def test_an_index_that_nobody_answers_for(place: Place) -> None:
    del place.environment["PIP_NO_INDEX"]
    place.environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    refused(place, 125, "cannot install not-there", "| ", words=("run", "--with", "not-there", "true"))


def test_a_broken_wheel(place: Place) -> None:
    (place.wheels / "broken-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 \x1b[31m no wheel")
    refused(place, 125, "cannot install broken", "| ", words=("run", "--with", "broken", "true"))


@pytest.mark.parametrize("requirement", ["", " ", "-e.", "==", "a b c"])
def test_what_is_no_requirement(place: Place, requirement: str) -> None:
    refused(place, 125, words=("run", "--with", requirement, "true"))


@pytest.mark.parametrize(
    "words", [("run", "--with", "x"), ("tool", "run"), ("tool",), ("cache",), ("cache", "x"), ("sync", "x")]
)
def test_what_is_no_command(place: Place, words: tuple[str, ...]) -> None:
    refused(place, 125, words=words)


def test_an_interpreter_that_is_not_there(place: Place) -> None:
    for name in ("/not/there", "no-such-python", "9.9"):
        words = ("run", "--with", "proctor-tool", "--python", name, "true")
        refused(place, 127, "there is no interpreter", "Give the path of a python", words=words)


def test_an_interpreter_that_may_not_be_executed(place: Place) -> None:
    name = interpreter(place, "", 0o644)
    words = ("run", "--with", "proctor-tool", "--python", name, "true")
    refused(place, 126, f"cannot run the interpreter '{name}': Permission denied", words=words)


@pytest.mark.parametrize("signo", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
@pytest.mark.parametrize("what", [("run", "--with", "proctor-tool"), ("sync",)])
def test_an_interpreter_that_dies_of_a_signal(place: Place, signo: signal.Signals, what: tuple[str, ...]) -> None:
    """EXIT-5: it is named, with the signal."""
    (place.work / "pyproject.toml").write_text("")
    name = interpreter(place, f"kill -{signo.name.removeprefix('SIG')} $$")
    words = (*what, "--python", name) + (("true",) if what[0] == "run" else ())
    refused(place, 128 + signo, f"the interpreter '{name}' died of {signo.name}", words=words)


def test_an_interpreter_that_hangs_is_ended_with_what_it_started(place: Place) -> None:
    name = interpreter(place, "sleep 1000 & sleep 1000")
    words = ("run", "--with", "proctor-tool", "--python", name, "true")
    refused(place, 125, f"'{name}' did not answer within 0.2 s", words=words, LAUNCHER_INTERPRETER_TIMEOUT="0.2")


def test_an_interpreter_that_is_none(place: Place) -> None:
    words = ("run", "--with", "proctor-tool", "--python", interpreter(place, "echo hello"), "true")
    refused(place, 125, "is no Python that can be used", "| hello", words=words)


def test_a_cache_that_is_a_file(place: Place) -> None:
    place.cache.write_text("")
    refused(place, 125, str(place.cache), "Not a directory", "--cache-dir")


def test_no_project_and_a_broken_one(place: Place) -> None:
    refused(place, 125, "there is no pyproject.toml in", "go to the directory", words=("sync",))
    (place.work / "pyproject.toml").write_text("[project\n")
    refused(place, 125, "is not valid TOML", "line 1", words=("sync",))
    (place.work / "pyproject.toml").write_text("[project]\ndependencies = 'x'\n")
    refused(place, 125, "has to be a list of requirements", words=("sync",))


def test_a_working_directory_that_was_removed(place: Place) -> None:
    words = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", *LAUNCHER, "sync"]
    done = subprocess.run(words, cwd=place.work, env=place.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "Traceback" not in done.stderr


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount, and become another user")


@needs_root
def test_a_cache_of_another_user(place: Place) -> None:
    place.cache.mkdir()
    os.chown(place.cache, UNPRIVILEGED, UNPRIVILEGED)
    refused(place, 125, "belongs to another user (uid 65534", "--cache-dir")


@needs_root
@pytest.mark.parametrize(
    ("option", "reason"), [("ro", "Read-only file system"), ("size=16k", "No space left on device")]
)
def test_a_cache_that_cannot_be_written(place: Place, option: str, reason: str) -> None:
    """On a small tmpfs in a mount namespace of its own, which takes the mount away with it."""
    place.cache.mkdir()
    mount = f"mount -t tmpfs -o {option} none {place.cache} && exec "
    run = " ".join([*LAUNCHER, "run", "--with", "proctor-tool", "true"])
    probe = subprocess.run(["unshare", "-m", "sh", "-c", mount + "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("mount is refused here")
    after = "; code=$?; find . -mindepth 1 -type f >&2; exit $code"
    words = ["unshare", "-m", "sh", "-c", f"{mount.replace(' exec ', ' ')} cd {place.cache} && {run}{after}"]
    done = subprocess.run(words, env=place.environment, cwd=place.work, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert reason in done.stderr or "Read-only" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("./")], done.stderr
    place.await_quiet()


@needs_root
def test_a_cache_that_may_not_be_written(place: Place) -> None:
    """By somebody else than root, for whom nothing is forbidden."""
    place.top.joinpath("cache").chmod(0o555)
    for path in [place.top, *place.top.parents]:
        if path.stat().st_uid == os.geteuid() and stat.S_IMODE(path.stat().st_mode) & 0o5 != 0o5:
            pytest.skip(f"{path} may not be entered by others")
    done = subprocess.run(
        [*LAUNCHER, "run", "--with", "proctor-tool", "true"],
        env=place.environment,
        cwd=place.work,
        capture_output=True,
        text=True,
        check=False,
        user=UNPRIVILEGED,
    )
    assert done.returncode in (125, 126)
    assert "Traceback" not in done.stderr


def test_no_pidfd_is_said(place: Place, tmp_path: Path) -> None:
    script = tmp_path / "without.py"
    script.write_text(
        "import sys, os\n"
        "def refuse(pid): raise OSError(38, os.strerror(38))\n"
        "os.pidfd_open = refuse\n"
        f"sys.path.insert(0, {str(Path(LAUNCHER[-1]).parent)!r})\n"
        "from reference_launcher.main import main\n"
        "main(sys.argv[1:], set())\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), "run", "--with", "proctor-tool", "true"],
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 125
    assert "has no pidfd_open(2)" in done.stderr
