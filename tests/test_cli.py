"""The command `proctor`: what it prints, and its exit statuses 0, 1, 2, 3."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from proctor.conformance.cli.suite_run import cache_options
from proctor.reports.results import read
from tests.conftest import Run

pytestmark = pytest.mark.usefixtures("contained")


def script(directory: Path, text: str) -> str:
    path = directory / "a-launcher"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_sound_launcher_is_0(proctor: Run) -> None:
    done = proctor("check", "/usr/bin/env", "-k", "EXIT-6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "/usr/bin/env: SHOULD: 1 pass"
    assert "EXIT-6" not in done.stdout
    assert "EXIT-6     SHOULD   pass" in proctor("check", "/usr/bin/env", "-k", "EXIT-6", "-v").stdout


def test_a_must_that_fails_is_1(proctor: Run, tmp_path: Path) -> None:
    launcher = script(tmp_path, '#!/bin/sh\n"$@"\nexit 0\n')
    done = proctor("check", launcher, "-k", "EXIT-1 and 42")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "exit code 0" in done.stdout or "42" in done.stdout


def test_a_should_that_fails_is_0(proctor: Run, tmp_path: Path) -> None:
    launcher = script(tmp_path, '#!/bin/sh\nexec "$@" 2>/dev/null || exit 1\n')
    done = proctor("check", launcher, "-k", "EXIT-4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "EXIT-4     SHOULD   FAIL" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "proctor: missing argument 'TARGET...'; see `proctor check --help`"),
        (["/no/such/launcher"], "proctor: /no/such/launcher: there is no such file"),
        (["/usr"], "proctor: '/usr' is a directory; name an executable"),
        (["/etc/passwd"], "this is not executable"),
        (["tinny"], "did you mean 'tini'"),
        (["/usr/bin/env", "-k", "NO-SUCH-ID"], "proctor: -k selects no case"),
        (["/usr/bin/env", "-k", "and and"], "proctor: Wrong expression passed to '-k': and and"),
        (["/usr/bin/env", "--profile=initt"], "proctor: invalid value for '--profile': 'initt' is not one of"),
        (["/usr/bin/env", "--no-such-option"], "proctor: there is no option '--no-such-option'"),
    ],
    ids=["none", "missing", "directory", "no-x", "typo", "no-case", "bad-expression", "bad-profile", "bad-option"],
)
def test_wrong_call_is_2(proctor: Run, words: list[str], says: str) -> None:
    done = proctor("check", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Error: " not in done.stderr and "Exit: " not in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_launcher_that_starts_nothing_is_2(proctor: Run) -> None:
    done = proctor("check", "/bin/true", "-k", "EXIT-6")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "did not start its command" in done.stderr
    quiet = proctor("check", "/bin/true", "-k", "EXIT", "-q")
    assert (quiet.returncode, quiet.stdout) == (2, ""), quiet.stdout + quiet.stderr
    assert quiet.stderr.count("did not start its command") == 1


def test_a_harness_that_fails_is_3(proctor: Run) -> None:
    env = os.environ | {"TMPDIR": "/no/such/directory"}
    done = proctor("check", "/usr/bin/env", "-k", "EXIT-6", env=env)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "TMPDIR" in done.stdout + done.stderr


def test_interrupted_it_prints_what_it_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proctor", "check", "tini", "-v"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        printed = b""
        while b"test_exit.py" not in printed and (data := os.read(process.stdout.fileno(), 4096)):
            printed += data
        process.send_signal(signal.SIGINT)
        printed += process.stdout.read()
    assert process.returncode == 130, printed.decode()
    assert b"EXIT-1" in printed


def test_the_summary_is_last_and_names_no_file_of_ours(proctor: Run, tmp_path: Path) -> None:
    """A launcher that hides the status: 255 violations are one, and what follows from them is said in a line."""
    launcher = script(tmp_path, '#!/bin/sh\n"$@"\nexit 0\n')
    done = proctor("check", launcher, "-k", "EXIT-1 or EXIT-2")
    lines = done.stdout.splitlines()
    assert len(lines) < 40, done.stdout
    assert lines[-1] == f"{launcher}: MUST: 2 fail"
    assert re.search(r"the same for 2\d\d others: status [-\d, ]+255;", done.stdout), done.stdout
    assert "EXIT-2     MUST     FAIL      for the same reason as EXIT-1" in done.stdout
    assert "EXIT-1     MUST     FAIL " in done.stdout and "; EXIT-2 fails for the same reason" in done.stdout
    assert "test_exit" not in done.stdout and "\r" not in done.stdout
    every = proctor("check", launcher, "-k", "EXIT-1 and (-41] or -42])", "-vv").stdout
    assert every.count("code:     EXIT-1/wrong-status") == 2  # not 141 or 242, nor what has 41 in its path


def test_a_terminal_shows_how_many_cases_are_done() -> None:
    child = pexpect.spawn(sys.executable, ["-m", "proctor", "check", "/usr/bin/env", "-k", "EXIT-6"], timeout=120)
    child.expect(r"1 of 2 cases *\r2 of 2 cases")
    child.expect("SHOULD: 1 pass")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_should_is_shown_in_full_when_asked(proctor: Run, tmp_path: Path) -> None:
    launcher = script(tmp_path, '#!/bin/sh\nexec "$@" 2>/dev/null || exit 1\n')
    assert "what happened:" not in proctor("check", launcher, "-k", "EXIT-4").stdout
    assert "what happened:" in proctor("check", launcher, "-k", "EXIT-4", "-v").stdout


@pytest.mark.skipif(not shutil.which("flock"), reason="needs flock: apt-get install util-linux")
def test_a_purpose_that_is_taken_for_a_fault_can_be_declared(proctor: Run, tmp_path: Path) -> None:
    words = ("check", f"flock {tmp_path / 'lock'}", "-k", "INHERIT-2")
    done = proctor(*words)
    assert (done.returncode, "--declare 'INHERIT-2[descriptors-leaked]=REASON'" in done.stdout) == (1, True), (
        done.stdout
    )
    declared = proctor(*words, "--declare", "INHERIT-2[descriptors-leaked]=flock(1)")
    assert (declared.returncode, "--declare" in declared.stdout) == (0, False), declared.stdout
    added = proctor("check", "env A_VARIABLE=1", "-k", "INHERIT-5").stdout
    assert 'adds = ["A_VARIABLE"]' in added


def test_x_stops_at_the_first_failing_must_and_lf_runs_what_failed(proctor: Run, tmp_path: Path) -> None:
    launcher = script(tmp_path, '#!/bin/sh\n"$@"\nexit 0\n')
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = proctor("check", launcher, "-k", "EXIT-1 and (0-2 or 41 or 42)", "-x", "-v", env=env)
    assert (first.returncode, first.stdout.count(" FAILED")) == (1, 1), first.stdout + first.stderr
    again = proctor("check", launcher, "-k", "EXIT-1", "--lf", "-v", env=env)
    assert (again.returncode, again.stdout.count(" FAILED"), " PASSED" in again.stdout) == (1, 1, False), again.stdout
    (tmp_path / "file").write_text("")
    refused = proctor("check", launcher, "--lf", env=env | {"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert (refused.returncode, "--lf: what failed last is kept in" in refused.stderr) == (2, True), refused.stderr


def test_x_with_workers_ends_as_without(proctor: Run, tmp_path: Path) -> None:
    """xdist ends the run by an interruption of its own, which is no Ctrl-C: the results replace older ones."""
    launcher, results = script(tmp_path, '#!/bin/sh\n"$@"\nexit 0\n'), tmp_path / "results.json"
    results.write_text("old")
    words = ("check", launcher, "-k", "EXIT-1", "-x", "-n", "2", "--results", str(results))
    done = proctor(*words)
    assert done.returncode == 1, done.stdout + done.stderr
    (row,) = (row for row in read(results)[0].requirements.values() if row.verdict != "not run")
    assert (row.verdict, 0 < len(row.ran) < 20) == ("fail", True)
    results.rename(tmp_path / "baseline.json")
    gate = proctor(*words, "--baseline", str(tmp_path / "baseline.json"))
    assert "the baseline" in gate.stdout, gate.stdout + gate.stderr


def test_lf_runs_nothing_where_nothing_failed(proctor: Run, tmp_path: Path) -> None:
    """Each directory has its own cache: a TARGET may be another launcher in another one."""
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
    script(tmp_path / "bad", '#!/bin/sh\n"$@"\nexit 0\n')
    script(tmp_path / "good", '#!/bin/sh\nexec "$@"\n')
    words = ("check", "./a-launcher", "-k", "EXIT-1 and 42")
    assert proctor(*words, env=env, cwd=tmp_path / "bad").returncode == 1
    assert proctor(*words, env=env, cwd=tmp_path / "good").returncode == 0
    again = proctor("check", "./a-launcher", "--lf", env=env, cwd=tmp_path / "bad")
    assert again.returncode == 1, again.stdout + again.stderr
    nothing = proctor("check", "./a-launcher", "--lf", env=env, cwd=tmp_path / "good")
    assert (nothing.returncode, "--lf: no MUST failed" in nothing.stderr) == (2, True), nothing.stderr


def test_a_home_that_may_not_be_searched_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "closed" / "cache"))
    child = os.fork()
    if child == 0:
        status = 2
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            status = 0 if cache_options(["--target=x"]) == ["-p", "no:cacheprovider"] else 1
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_target_that_does_not_start_is_said_once(proctor: Run, tmp_path: Path) -> None:
    launcher = script(tmp_path, '#!/bin/sh\n"$@"\nexit 0\n')
    done = proctor("check", "/bin/true", launcher, "-k", "EXIT-1 and 42", "-q")
    assert (done.returncode, done.stderr.count("did not start its command")) == (1, 1), done.stdout + done.stderr
    assert "did not start" not in done.stdout
    assert done.stdout.count("EXIT-1 ") == 1 and "not run" not in done.stdout


def test_what_lies_about_does_not_matter(proctor: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "empty" / "conftest.py").write_text("raise SystemExit('not mine')\n")
    done = proctor("check", "/usr/bin/env", "-k", "EXIT-6", env=os.environ | {"PYTEST_ADDOPTS": "--no-such-option"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_results_are_written_where_the_user_stands(proctor: Run, tmp_path: Path) -> None:
    done = proctor("check", "/usr/bin/env", "-k", "EXIT-6", "--results", "results.json", "-n", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "empty" / "results.json").read_text())
    assert document["requirements"]["EXIT-6"]["verdict"] == "pass"


def test_targets_are_listed_with_how_to_get_them(proctor: Run, tmp_path: Path) -> None:
    done = proctor("targets", env={"PATH": str(tmp_path), "COLUMNS": "200"})
    assert done.returncode == 0, done.stdout + done.stderr
    tini = next(line for line in done.stdout.splitlines() if line.startswith("tini "))
    assert "install it with: apt-get install tini" in tini


def test_spec_prints_a_requirement(proctor: Run) -> None:
    done = proctor("spec", "sig-3")
    assert done.returncode == 0
    assert done.stdout.startswith("SIG-3 (MUST, profile transparent)")
    assert "Why: " in done.stdout


def test_spec_says_how_a_requirement_is_met_where_that_is_not_plain(proctor: Run) -> None:
    told = " ".join(proctor("spec", "INHERIT-7").stdout.split())
    assert "Mend it: `signal(SIGCHLD, SIG_DFL)` before the fork returns what it was" in told
    assert "Mend it" not in proctor("spec", "SIG-3").stdout


def test_spec_lists_all(proctor: Run) -> None:
    done = proctor("spec")
    assert done.returncode == 0
    assert "TTY-1 " in done.stdout


def test_spec_names_the_nearest(proctor: Run) -> None:
    done = proctor("spec", "SGI-3")
    assert done.returncode == 2
    assert "did you mean 'SIG-3'?" in done.stderr
