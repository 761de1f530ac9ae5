"""Scripts start in the state of their case, and say that they could not tell where the launcher goes another way."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

import hatch_build
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.replay import Replayer, ReplayResult
from proctor.conformance.judging.casefile import CaseFile, programs_at_points
from proctor.conformance.scenarios.signals import finish
from proctor.harness import scenario as s
from proctor.harness.scenario import INIT, JOB, PIPES, Scenario, Settle
from proctor.harness.schedule import parse
from proctor.harness.target import Target
from tests.conftest import ROOT
from tests.planted import FAULTY
from tests.test_export import PYTHON, SOUND, TERM, a_case, exported, play, pressed

AFTER_FORK = "at launcher clone#1 exit: deliver TERM to launcher"
PROBES_ONCE = 'if [ ! -e "$HOME/.probed" ]; then (exit 0); : > "$HOME/.probed"; fi'
PROBES_AGAIN = 'if [ -e "$HOME/.probed" ]; then rm "$HOME/.probed"; else (exit 0); : > "$HOME/.probed"; fi'
"""A subshell is made by the same call as the child of the window; other commands are by vfork(2) in some shells."""

pytestmark = pytest.mark.usefixtures("no_runner_is_left")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a launcher that orphans its command if TERM comes just after its fork, and beside it, "sound", one that
    does not."""
    directory = tmp_path_factory.mktemp("window")
    for name, fault in (("faulty", 1), ("sound", 0)):
        words = [*hatch_build.compiler(), "-O2", f"-DFAULT={fault}", "-o", str(directory / name)]
        subprocess.run([*words, str(FAULTY / "windows" / "handler_after_fork.c")], check=True, timeout=120)
    return directory


def probing(directory: Path, program: Path, probe: str) -> Target:
    """Return a launcher that looks around in its first runs, or in some of them, and then executes a program."""
    path = directory / f"probing-{program.name}"
    path.write_text(f'#!/bin/sh\n{probe}\nexec {shlex.quote(str(program))} "$@"\n')
    path.chmod(0o755)
    return Target(path.name, (str(path),))


def found_with(target: Target) -> CaseFile:
    """Return the case of an orphan, as the explorer finds it in a later run of the launcher."""
    scenario = campaign_named("start").scenario
    case = a_case(target, "SIG-6", "start", scenario, AFTER_FORK)
    return replace(case, programs=programs_at_points(replayed(case).history, case.schedule))


def replayed(case: CaseFile, target: Target | None = None) -> ReplayResult:
    return Replayer(case, target or case.target).once()


def test_a_launcher_that_probes_in_its_first_run(window: Path, tmp_path: Path, empty: Path) -> None:
    case = found_with(probing(tmp_path, window / "faulty", PROBES_ONCE))
    assert case.programs == (("faulty", ""),)
    assert replayed(case).objections
    script = exported(case, tmp_path)
    done = play(script, empty)
    assert done.returncode == 1, done.stdout + done.stderr
    sound = probing(tmp_path, window / "sound", PROBES_ONCE)
    assert replayed(case, sound).objections == ()
    done = play(script, empty, "--", *sound.command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_launcher_that_goes_another_way_is_not_acquitted(window: Path, tmp_path: Path, empty: Path) -> None:
    case = found_with(probing(tmp_path, window / "faulty", PROBES_ONCE))
    probing(tmp_path, window / "faulty", PROBES_AGAIN)  # each second run, and the script plays it in its third
    done = play(exported(case, tmp_path), empty)
    assert (done.returncode, "went another way" in done.stderr) == (2, True), done.stdout + done.stderr
    results = [replayed(case) for _ in range(2)]
    assert {bool(one.objections) for one in results} | {"ran" in one.unsure for one in results} >= {True}


TWICE = str(ROOT / "tests" / "launchers_for_tests" / "twice.py")


@pytest.mark.parametrize(("seconds", "status"), [("1", 1), ("9", 2)], ids=["waited for", "too long"])
def test_a_wait_that_cannot_be_read_is_waited_for_and_never_acquits(
    seconds: str, status: int, tmp_path: Path, empty: Path
) -> None:
    target = Target("twice", (*PYTHON, TWICE, seconds))
    steps = (Settle(), s.Signal(TERM), s.WaitReceived(TERM), Settle(), *finish())
    case = a_case(target, "SIG-2", "signals.exactly_once", Scenario(steps, PIPES))
    script = exported(case, tmp_path)
    done = play(script, empty)
    assert done.returncode == status, done.stdout + done.stderr
    if status == 2:
        assert "more may come" in done.stderr
    assert play(script, empty, "--", *SOUND).returncode == 0


def test_a_launcher_with_a_place_for_the_command_and_one_without(tmp_path: Path, empty: Path) -> None:
    path = tmp_path / "placed"
    path.write_text('#!/bin/sh\nshift\nexec "$@"\n')
    path.chmod(0o755)
    target = Target("placed", (str(path), "{command}", "{work}"))
    path.write_text('#!/bin/sh\nprogram=$1 place=$2; shift 2\n[ "$place" = "$PWD" ] && exec "$program" "$@"\n')
    case = a_case(target, "TTY-1", "terminal.key_arrives_once", Scenario(pressed("ctrl-c"), JOB))
    script = exported(case, tmp_path)
    for words in ((), ("--", *SOUND), ("--", "env")):
        done = play(script, empty, *words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_schedule_and_a_trace_in_one_case(window: Path, tmp_path: Path, empty: Path) -> None:
    steps = (Settle(), s.Trace(), s.Hold(), Settle(), s.Release(), s.Signal(TERM), s.WaitReceived(TERM), *finish())
    schedule = "at launcher clone#1 exit: hold until child1 blocks"
    target = Target("sound", (str(window / "sound"),))
    case = a_case(target, "SIG-2", "signals.exactly_once", Scenario(steps), schedule)
    assert len(parse(schedule).directives) == 1
    done = play(exported(case, tmp_path), empty)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_launcher_that_reaches_no_point_of_a_schedule_of_holds_is_not_acquitted(
    window: Path, tmp_path: Path, empty: Path
) -> None:
    scenario, schedule = campaign_named("order").scenario, "at launcher clone#1 exit: hold until child1 ends"
    case = a_case(Target("sound", (str(window / "sound"),)), "EXIT-1", "order", scenario, schedule)
    script, other = exported(case, tmp_path), Target("env", ("/usr/bin/env",))
    assert (replayed(case).unsure, play(script, empty).returncode) == ("", 0)
    done = play(script, empty, "--", *other.command)
    assert (done.returncode, "did not reach: at launcher clone#1" in done.stderr) == (2, True), done.stdout
    assert replayed(case, other).unsure == "the launcher never reached the point 'launcher clone#1 exit'"


def test_pid_1_may_print_on_stderr(tmp_path: Path, empty: Path) -> None:
    target = Target("prints", ("sh", "-c", 'echo "about to start: $0" >&2; "$@"; exit $?', "prints"))
    case = a_case(target, "EXIT-1", "exit.same_status", Scenario(finish(3), INIT))
    done = play(exported(case, tmp_path), empty)
    assert (done.returncode, "printed: 'about to start: prints" in done.stdout) == (0, True), done.stdout + done.stderr


LEAVES_A_PROCESS = r"""
import ctypes, os, subprocess, sys, time
if not os.fork():
    ctypes.CDLL(None).prctl(15, b"\x1b]0;\xff\n", 0, 0, 0)  # PR_SET_NAME
    time.sleep(60)
sys.exit(subprocess.call(sys.argv[1:]))
"""


def test_names_of_any_bytes_are_printed_as_ascii(tmp_path: Path, empty: Path) -> None:
    target = Target("leaves", (*PYTHON, "-c", LEAVES_A_PROCESS))
    script = exported(a_case(target, "TREE-1", "tree.nothing_left", Scenario((Settle(), *finish()))), tmp_path)
    left, missing = play(script, empty), play(script, empty, "--", os.fsdecode(b"/\x1b[31m\xff"))
    assert (left.returncode, left.stdout.splitlines()[-1][:30]) == (1, r"actual:   still there: \x1b]0;"), left.stderr
    assert (missing.returncode, missing.stderr) == (2, MISSING)
    printed = left.stdout + left.stderr + missing.stdout + missing.stderr
    assert printed.replace("\n", "").isascii() and printed.replace("\n", "").isprintable()


MISSING = r"INCONCLUSIVE: there is no /\x1b[31m\udcff here, or this is not Linux" + "\n"


def surroundings(stage: s.Stage) -> CaseFile:
    return a_case(Target("env", ("env",)), "INHERIT-4", "inherit.surroundings", Scenario(finish(), stage))


@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="only root can give up what only it may")
@pytest.mark.parametrize("stage", [s.Stage(), replace(JOB, groups=(4, 24))], ids=["no groups", "groups"])
def test_without_root_groups_that_the_case_names_are_inconclusive(stage: s.Stage, tmp_path: Path, empty: Path) -> None:
    script = exported(surroundings(stage), tmp_path)
    assert play(script, empty).returncode == 0
    path = tmp_path / "repro.py"
    line = ["setpriv", "--bounding-set=-setgid", "--inh-caps=-setgid", sys.executable, "-I", str(path)]
    done = subprocess.run(line, cwd=empty, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == (2 if stage.groups else 0), done.stdout + done.stderr
    assert ("'groups'" in done.stderr or '"groups"' in done.stderr) == bool(stage.groups)


@pytest.mark.parametrize(("nice", "reason"), [(5, "'nice': 5"), (0, "at its highest")])
def test_a_nice_value_that_cannot_rise_is_inconclusive(nice: int, reason: str, tmp_path: Path, empty: Path) -> None:
    path = tmp_path / "repro.py"
    path.write_text(exported(surroundings(s.Stage(nice=nice)), tmp_path))
    line = ["nice", "-n", "19", sys.executable, "-I", str(path)]
    done = subprocess.run(line, cwd=empty, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, reason in done.stderr) == (2, True), done.stdout + done.stderr


def test_what_this_script_was_started_with_does_not_matter(tmp_path: Path, empty: Path) -> None:
    shim = tmp_path / "checks"
    checks = 'test "$TERM,$LANG,$PWD,$(umask),$SECRET" = "dumb,C.UTF-8,${HOME%/home}/work,0022,"'
    shim.write_text(f'#!/bin/sh\n{checks} || exit 9\ngrep -q "^SigIgn:.*0000$" /proc/self/status || exit 8\n"$@"\n')
    shim.chmod(0o755)
    case = a_case(Target("checks", (str(shim),)), "EXIT-1", "exit.same_status", Scenario(finish(3)))
    path = tmp_path / "repro.py"
    path.write_text(exported(case, tmp_path))
    line = f"trap '' HUP USR1; umask 077; SECRET=1 LANG=x TERM=y exec {shlex.join([PYTHON[0], '-I', str(path)])}"
    done = subprocess.run(["sh", "-c", line], cwd=empty, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
