"""Standard input, output and error that are closed, full, or without a reader: the exit status tells it from a verdict
on the launcher, stderr says it, and there is no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.harness.programs import NEEDS, missing
from proctor.harness.streams import CLOSED
from tests.conftest import ROOT

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""An environment in which output is written at the end, as usual."""
FULL = "proctor: cannot write: No space left on device; is standard output on a full disk?\n"
SUITE = ["-m", "pytest", "conformance/", "-p", "no:cacheprovider", "--target=env", "-k", "EXIT-3"]
CALLS = {
    "check": ["-m", "proctor", "check", "env", "-k", "EXIT-3"],
    "json": ["-m", "proctor", "check", "env", "-k", "EXIT-3", "--json"],
    "pytest": SUITE,
    "workers": [*SUITE, "-n2"],
    "uncaptured": [*SUITE, "-s"],
    "help": ["-m", "proctor", "--help"],
    "spec": ["-m", "proctor", "spec"],
    "zsh": ["-m", "proctor", "completion", "zsh"],
    "doctor": ["-m", "proctor", "doctor"],
    "explore": ["-m", "proctor", "explore", "env", "--requirement=SIG-6"],
    "hunt": ["-m", "proctor", "hunt", "env", "--seconds=1", "--seed=1", "--state={tmp}/hunt"],
    "html": ["-m", "proctor", "report", "{tmp}/results", "--format=html"],
    "compare": ["-m", "proctor", "compare", "{tmp}/results", "{tmp}/results", "--all"],
}
SHORT = ("help", "spec", "zsh", "html", "compare")
"""Those that start no launcher."""


def words_of(name: str, directory: Path) -> list[str]:
    """Return the command line of a call. directory: for its files."""
    results = {"schema": 2, "target": {"name": "env"}, "requirements": {"EXIT-1": {"level": "MUST", "verdict": "pass"}}}
    (directory / "results").write_text(json.dumps(results), encoding="utf-8")
    return [sys.executable, *(word.replace("{tmp}", str(directory)) for word in CALLS[name])]


def ran(name: str, redirected: str, directory: Path) -> tuple[int, str]:
    """Run a command under a shell with this redirection; return its exit status, and what it printed on stderr."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *words_of(name, directory)], cwd=ROOT, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, timeout=120, check=False, env=BUFFERED,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", CALLS)
def test_a_closed_stdout_is_a_usage_error(name: str, tmp_path: Path) -> None:
    assert ran(name, ">&-", tmp_path) == (2, f"proctor: {CLOSED}\n")


@pytest.mark.parametrize("name", ["check", "pytest", "workers", "help"])
def test_all_three_closed_are_a_usage_error_too(name: str, tmp_path: Path) -> None:
    assert ran(name, "<&- >&- 2>&-", tmp_path) == (2, "")


@pytest.mark.parametrize("name", ["check", "pytest", "workers", "doctor", "explore", "html"])
def test_without_stdin_and_stderr_all_works(name: str, tmp_path: Path) -> None:
    lacks = name == "doctor" and any(map(missing, NEEDS))  # then not all can be observed
    assert ran(name, "<&- 2>&-", tmp_path) == (int(lacks), "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["check", "pytest", "workers", "hunt", *SHORT])
def test_a_full_disk_under_stdout_is_3(name: str, tmp_path: Path) -> None:
    assert ran(name, ">/dev/full", tmp_path) == (3, FULL)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_of_results_on_a_full_disk_the_summary_is_left(tmp_path: Path) -> None:
    status, said = ran("json", ">/dev/full", tmp_path)
    assert (status, "env: MUST: 1 pass\n" in said, said.endswith(FULL)) == (3, True, True), said


@pytest.mark.parametrize("name", ["check", "pytest", "workers", "uncaptured", *SHORT])
def test_a_reader_that_has_ended_is_141(name: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    os.close(reader)
    done = subprocess.run(
        words_of(name, tmp_path), cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120,
        check=False, env=BUFFERED,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
