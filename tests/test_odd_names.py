"""Names that mean something to pytest, rich or a shell, and names that are no text: in the path of Proctor, of the
launcher, of the working directory and of the files that are named."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.built_for_tests import python_script
from tests.conftest import ROOT, copy_of_package

ODD = "a [x] 'q' \"d\" {y} *?"
NOT_TEXT = b"\xff[x]"
SWALLOWS = "import subprocess, sys\nsubprocess.call(sys.argv[1:])\n"
"""A launcher that does not pass on the exit code."""
EXIT_1 = ("-k", "EXIT-1 and code and 42", "-q")


def proctor(*words: str | bytes | Path, cwd: str | bytes | Path = ROOT, path: Path = ROOT / "src") -> tuple[int, str]:
    """Run `proctor WORDS...` of the package in `path`; return its exit status, and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "proctor", *words], cwd=cwd, env=os.environ | {"PYTHONPATH": str(path)},
        capture_output=True, text=True, errors="backslashreplace", timeout=120, check=False,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed and "INTERNALERROR" not in printed, printed
    return done.returncode, printed


def swallowing(directory: Path, name: str | bytes) -> str:
    """Make the launcher under this name; return its path."""
    path = os.fsdecode(os.path.join(os.fsencode(directory), os.fsencode(name)))
    return str(python_script(Path(path), SWALLOWS, "-IS"))


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_the_suite_runs_from_an_odd_path(tmp_path: Path, workers: tuple[str, ...]) -> None:
    odd = tmp_path / ODD
    odd.mkdir()
    package = copy_of_package(odd)
    status, printed = proctor("check", "env", "-k", "EXIT-3", *workers, cwd=tmp_path, path=odd)
    assert (status, "env: MUST: 1 pass" in printed) == (0, True), printed
    words = [sys.executable, "-m", "pytest", "conformance/", "--target=env", "-k", "EXIT-3", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*words, *workers], cwd=package, env=os.environ | {"PYTHONPATH": str(odd)}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, "env: MUST: 1 pass" in done.stdout) == (0, True), done.stdout + done.stderr


def test_an_odd_launcher_and_odd_files(tmp_path: Path) -> None:
    launcher = swallowing(tmp_path, "[red]a 'q' \"d\"\nnl")
    cases, results = tmp_path / "[c] 'a'", tmp_path / "[r].json"
    status, printed = proctor("check", launcher, *EXIT_1, f"--cases={cases}", f"--results={results}")
    assert status == 1, printed
    rows = json.loads(results.read_text(encoding="utf-8"))["requirements"]
    assert rows["EXIT-1"]["verdict"] == "fail"
    (case, *_) = cases.iterdir()
    assert proctor("replay", case, "-n", "1", "--trust")[0] == 1
    status, script = proctor("export", case)
    assert status == 0
    compile(script, "script", "exec")
    assert proctor("report", results, "--format=html", f"--output={tmp_path}/[o]")[0] == 0
    assert proctor("compare", results, results)[0] == 0
    assert (tmp_path / "[o]").exists()


def test_the_replay_that_a_hunt_prints_can_be_pasted(tmp_path: Path) -> None:
    state = tmp_path / "[h] 'x'"
    status, printed = proctor("hunt", swallowing(tmp_path, "any"), "--seconds=2", "--seed=1", f"--state={state}")
    assert status == 1, printed
    line = next(line for line in printed.splitlines() if "replay: proctor " in line).partition("replay: ")[2]
    assert Path(shlex.split(line)[2]).is_file(), line


def test_a_name_that_is_no_text_is_a_usage_error(tmp_path: Path) -> None:
    launcher, odd = swallowing(tmp_path, NOT_TEXT), os.fsencode(tmp_path) + b"/directory" + NOT_TEXT
    for words in (["check", launcher, "-q"], ["check", "env", b"--cases=" + odd], ["hunt", "env", b"--state=" + odd]):
        status, printed = proctor(*words)
        assert (status, "this name is not UTF-8" in printed) == (2, True), printed


def test_where_it_does_not_matter_it_may_be_no_text(tmp_path: Path) -> None:
    directory = os.fsencode(tmp_path) + b"/" + NOT_TEXT
    os.mkdir(directory)
    status, printed = proctor("check", "env", "-k", "EXIT-3", b"--results=" + NOT_TEXT, cwd=directory)
    assert (status, "env: MUST: 1 pass" in printed) == (0, True), printed
    assert proctor("report", NOT_TEXT, cwd=directory)[0] == 0
    assert proctor("check", swallowing(tmp_path, "any"), *EXIT_1, cwd=directory)[0] == 1
