"""`proctor bisect` on planted packages: what it finds and says, what it keeps, and its exit statuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from proctor.conformance.cli.bisect import bisect as bisect_command
from proctor.conformance.judging.casefile import CaseFile
from proctor.harness import orders
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from tests.built_for_tests import python_script
from tests.conftest import ROOT, Run
from tests.planted_packages import (
    FAKE_NPM,
    FAULTY,
    OTHERWISE,
    SOUND,
    STARTS_NOTHING,
    UNSTABLE,
    environment,
    write_wheel,
)

pytestmark = pytest.mark.usefixtures("contained")

VERSIONS = {
    "1.0": SOUND, "1.1": SOUND, "1.2": SOUND, "1.3": FAULTY, "1.4": FAULTY, "1.5": FAULTY, "1.6": FAULTY, "1.7": SOUND,
    "1.8": SOUND, "1.9rc1": FAULTY, "1.9": OTHERWISE, "1.10": UNSTABLE, "2.0": STARTS_NOTHING,
}  # fmt: skip

REQUIRED = "required: status 3: the command ended with exit code 3"
OBJECTION = Violation("EXIT-1/wrong-status", {"status": 3, "end": 0})

Bisect = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all versions of `planted`; 1.4 needs something that is nowhere."""
    directory = tmp_path_factory.mktemp("index")
    for version, script in VERSIONS.items():
        write_wheel(directory, version, script, requires="no-such-package-anywhere" if version == "1.4" else "")
    return directory


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: each version is installed once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """The case of a launcher that ends with 0 although its command ends with 3."""
    return write_case(tmp_path)


def write_case(directory: Path, **changed: object) -> Path:
    saved = CaseFile(
        schema=2, requirement="EXIT-1", check="exit.same_status",
        target=Target("some", ("/nowhere/planted",), install="pip install planted==1.3"),
        scenario=Scenario((Order(orders.Exit(3)), WaitEnds("command"), WaitEnds())),
        objections=(OBJECTION,), versions={},
    )  # fmt: skip
    path = directory / "case.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(saved, **changed)))
    return path


@pytest.fixture
def bisect(proctor: Run, index: Path, cache: Path, case: Path) -> Bisect:
    """Run `proctor bisect` on the planted package."""

    def run(*words: str, file: Path = case, **env: str) -> subprocess.CompletedProcess[str]:
        known = ["--launcher=planted"] if not any(word.startswith("--launcher") for word in words) else []
        cached = [f"--cache={cache}"] if not any(word.startswith("--cache") for word in words) else []
        return proctor(
            "bisect", str(file), "--trust", *known, *cached, "-n2", *words, env={**environment(index), **env}
        )

    return run


def test_the_version_with_which_the_fault_came(bisect: Bisect, cache: Path) -> None:
    done = bisect("--versions=1.0..1.3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the fault appeared in planted 1.3 (not in 1.2)" in done.stdout
    assert "  1.3: required: status 3: the command ended with exit code 3; actual: status 0" in done.stdout
    assert re.search(r"^1\.3 +2/2 +the fault$", done.stdout, re.MULTILINE)
    assert "1.3: the fault, 2 of 2 plays" in done.stderr
    inode = (cache / "planted-1.3" / "bin" / "planted").stat().st_ino
    assert bisect("--versions=1.2..1.3").returncode == 0
    assert (cache / "planted-1.3" / "bin" / "planted").stat().st_ino == inode, "it was installed again"


def test_the_version_with_which_it_went_beside_one_that_cannot_be_installed(bisect: Bisect, cache: Path) -> None:
    done = bisect("--versions=1.3..1.8", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the fault disappeared in planted 1.7 (still in 1.6)" in done.stdout
    assert re.search(r"^1\.4 +- +skipped +not installable: .*no-such-package-anywhere", done.stdout, re.MULTILINE)
    assert not (cache / "planted-1.4").exists(), "half an installation"


def test_what_comes_and_goes_is_found_where_the_ends_are_alike(bisect: Bisect) -> None:
    done = bisect("--versions=1.0..1.8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the fault appeared in planted 1.3 (not in 1.2)" in done.stdout
    assert "the fault disappeared in planted 1.7 (still in 1.6)" in done.stdout


def test_programs_read_json_and_people_in_a_hurry_two_lines(bisect: Bisect) -> None:
    done = bisect("--versions=1.2..1.3", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    played = [(one["version"], one["kind"], one["same"]) for one in told["played"]]
    assert played == [("1.2", "none", 0), ("1.3", "fault", 2)]
    assert told["boundaries"] == [
        {"before": "1.2", "after": "1.3", "was": "none", "now": "fault", "between": [], "unplayed": []}
    ]
    assert told["is_finished"] and told["versions"] == ["1.2", "1.3"]
    short = bisect("--versions=1.2..1.3", "--quiet")
    assert short.stdout.splitlines()[0] == "the fault appeared in planted 1.3 (not in 1.2)"
    assert "of 2 plays" not in short.stdout + short.stderr


def test_no_boundary_is_1(bisect: Bisect) -> None:
    done = bisect("--versions=1.7..1.8")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no boundary: no fault in each of the 2 conclusive versions of planted, of 2 from 1.7 to 1.8" in done.stdout


def test_another_objection_is_told_apart_unless_any_counts(bisect: Bisect) -> None:
    done = bisect("--versions=1.6..1.9", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another fault appeared in planted 1.9 (not in 1.8)" in done.stdout
    assert "actual: status 9" in done.stdout
    any_counts = bisect("--versions=1.8..1.9", "--any-objection")
    assert "the fault appeared in planted 1.9 (not in 1.8)" in any_counts.stdout


def test_what_is_unstable_or_starts_nothing_is_said_and_counts_neither_way(bisect: Bisect) -> None:
    done = bisect("--versions=1.8..")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another fault appeared in planted 1.9 (not in 1.8)" in done.stdout
    assert "1.10: UNSTABLE, 1 of 2 plays" in done.stderr
    assert "2.0: skipped: it does not start the command: it ended with exit code 64" in done.stderr
    assert "usage: planted [--new-way]" in done.stdout
    assert "-n 50" in done.stdout


def test_pre_releases_are_played_where_they_are_asked_for(bisect: Bisect) -> None:
    assert "the fault appeared in planted 1.9rc1" in bisect("--versions=1.8..1.9", "--all", "--pre").stdout
    assert "the fault appeared in planted 1.9rc1" in bisect("--versions=1.8..1.9rc1").stdout


def test_an_installation_that_was_interrupted_is_made_again(bisect: Bisect, cache: Path) -> None:
    for version in ("1.1", "1.3"):
        shutil.rmtree(cache / f"planted-{version}", ignore_errors=True)
        (cache / f"planted-{version}" / "bin").mkdir(parents=True)
    done = bisect("--versions=1.1..1.3")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_interruption_says_what_is_known_so_far(index: Path, cache: Path, case: Path) -> None:
    words = [str(case), "--launcher=planted", "--versions=1.0..1.6", f"--cache={cache}", "-n500"]
    process = subprocess.Popen(
        [sys.executable, "-m", "proctor", "bisect", "--trust", *words],
        cwd=ROOT, env=environment(index), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr
    for line in process.stderr:
        if line.startswith("1.6: "):
            break
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, said + complaint
    assert "not finished; result so far, from 2 of 7 versions" in said
    assert "the fault appeared between planted 1.0 and 1.6 (not in 1.0)" in said
    assert "not played: 1.1, 1.2, 1.3, 1.4, 1.5" in said
    assert "Traceback" not in complaint


# -- what cannot be done as asked


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--versions=1.8..1.0"], "did you mean 1.0..1.8?"),
        (["--versions=1.0..1.99"], "pip has no planted 1.99; the nearest: 1.10 and 2.0"),
        (["--launcher=plantde", "--from=pip"], "pip has no such package"),
        (["--launcher=cross-evn", "--from=pip"], "did you mean 'cross-env'"),
        (["--launcher=--help"], "not a package name"),
        (
            ["--versions=1.0..1.3", "--program=plant"],
            "has no program 'plant' (did you mean 'planted'?); it has planted",
        ),
        (["--versions=1.0..1.3", "--cache=/proc/none"], "/proc/none: cannot be written"),
    ],
)
def test_a_wrong_call_is_2(bisect: Bisect, words: list[str], says: str) -> None:
    done = bisect(*words)
    assert (done.returncode, says in done.stderr) == (2, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON"),
        (b'{"schema": 2}', "'requirement' is missing"),
        ({"schema": 3}, "this file has schema 3; this Proctor reads schema 2. Update Proctor"),
        ({"check": "exit.same_statsu"}, "did you mean 'same_status'"),
        ({"check": "", "campaign": "start-in-the-wings"}, "there is no campaign"),
        ({"campaign": "start"}, "names either its 'check' or its 'campaign'; this one names both"),
        ({"check": ""}, "this one names neither"),
        ({"target": Target("bare", ())}, "this case has no launcher"),
    ],
)
def test_a_damaged_case_is_2(tmp_path: Path, content: bytes | dict[str, object], says: str) -> None:
    path = tmp_path / "damaged.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path = write_case(tmp_path, **content)
    done = CliRunner().invoke(bisect_command, [str(path), "--launcher=planted"])
    assert (done.exit_code, says in done.output) == (2, True), done.output


def test_no_network_is_3(bisect: Bisect) -> None:
    nowhere = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    done = bisect("--versions=1.0..1.3", **nowhere)
    assert (done.returncode, "no network" in done.stderr) == (3, True), done.stdout + done.stderr


# -- npm


@pytest.fixture
def npm(tmp_path: Path) -> Path:
    """A directory with a program `npm`, which knows the package planted-js."""
    programs = tmp_path / "npm"
    programs.mkdir()
    python_script(programs / "npm", FAKE_NPM, "-IS")
    versions = {"1.0.0-rc.1": FAULTY, "1.0.0": SOUND, "1.2.0": "", "1.9.0": SOUND, "1.10.0": FAULTY}
    (programs / "versions.json").write_text(json.dumps(versions))
    return programs


def test_npm_too(bisect: Bisect, npm: Path) -> None:
    path = f"{npm}:{os.environ['PATH']}"
    done = bisect("--launcher=planted-js", "--all", PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "planted-js (npm): 4 versions from 1.0.0 to 1.10.0" in done.stderr
    assert "the fault appeared in planted-js 1.10.0 (not in 1.9.0)" in done.stdout
    assert "1.2.0: skipped: not installable: notarget No matching version" in done.stderr


@pytest.mark.parametrize(
    ("trouble", "words", "status", "says"),
    [
        ("view", [], 3, "no network"),
        ("disk", [], 3, "the disk is full"),
        ("", ["--launcher=planted-sj"], 2, "no such package"),
        ("", ["--launcher=planted-sj", "--from=npm"], 2, "npm has no such package"),
    ],
)
def test_what_npm_cannot_do_is_said(
    bisect: Bisect, npm: Path, tmp_path: Path, trouble: str, words: list[str], status: int, says: str
) -> None:  # fmt: skip
    env = {"PATH": f"{npm}:{os.environ['PATH']}", "FAKE_NPM_TROUBLE": trouble}
    done = bisect(*(words or ["--launcher=planted-js", "--from=npm"]), f"--cache={tmp_path}/cold", **env)
    assert (done.returncode, says in done.stderr) == (status, True), done.stdout + done.stderr


def test_no_npm_is_2(bisect: Bisect) -> None:
    done = bisect("--launcher=planted-js", "--from=npm", PATH="/nonexistent")
    assert (done.returncode, "npm is not installed" in done.stderr) == (2, True), done.stdout + done.stderr
