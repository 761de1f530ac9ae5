"""The gate and declared deviations, as a user meets them: launchers that lose one signal, then another."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.reports.results import read
from tests.built_for_tests import python_script
from tests.conftest import Run, run_proctor

LOSES = """\
import os, signal, sys
lost = {lost}
child = os.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def forward(number, frame):
    name = signal.Signals(number).name[3:]
    if name not in lost and not (os.isatty(0) and name + " on a terminal" in lost):
        os.kill(child, number)
for number in (1, 2, 3, 10, 12, 14, 15):
    signal.signal(number, forward)
while True:
    try:
        _, status = os.waitpid(child, 0)
        break
    except InterruptedError:
        pass
os._exit(os.waitstatus_to_exitcode(status) % 256)
"""
"""A supervisor that swallows some signals, everywhere or on a terminal only."""
CONTAINED = "--containment=namespace"
"""Chosen, so that no run compares containments: the gate does not depend on it."""


def launcher(directory: Path, *lost: str) -> str:
    """Write the launcher that loses these signals, and return its path: the same for all of a test."""
    return str(python_script(directory / "loses", LOSES.format(lost=list(lost)), "-IS"))


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a launcher that loses QUIT."""
    directory = tmp_path_factory.mktemp("baseline")
    path = directory / "baseline.json"
    words = ("check", CONTAINED, launcher(directory, "QUIT"), "-k", "SIG-1", "--results", str(path))
    done = run_proctor(*words, cwd=directory)
    assert done.returncode == 1, done.stdout + done.stderr
    return path


@pytest.mark.parametrize(
    ("lost", "status", "says"),
    [
        (["QUIT"], 0, "not worse than the baseline"),
        (["QUIT", "TERM"], 1, "new:  SIG-1/not-delivered (pipes): required: the command receives SIGTERM"),
        (
            ["QUIT", "TERM on a terminal"],
            1,
            "new:  SIG-1/not-delivered (leader): required: the command receives SIGTERM",
        ),
        (["QUIT on a terminal"], 0, "gone: SIG-1/not-delivered (pipes): required: the command receives SIGQUIT"),
    ],
    ids=["same", "another-signal", "other-stages", "fewer-stages"],
)
def test_a_new_violation_of_a_failing_requirement_is_worse(
    proctor: Run, baseline: Path, tmp_path: Path, lost: list[str], status: int, says: str
) -> None:
    words = ("check", CONTAINED, launcher(tmp_path, *lost), "-k", "SIG-1", "--baseline", str(baseline))
    gate = proctor(*words)
    assert (gate.returncode, says in gate.stdout) == (status, True), gate.stdout + gate.stderr
    assert ("the gate fails: worse" in gate.stdout) == bool(status)


def test_an_expected_failure_that_no_longer_occurs_fails_the_strict_gate(
    proctor: Run, baseline: Path, tmp_path: Path
) -> None:
    for lost, says in (
        ([], "SIG-1 failed in the baseline, and is pass now"),
        (["QUIT on a terminal"], "loses: SIG-1/not-delivered (pipes): required: the command receives SIGQUIT"),
    ):
        words = ("check", CONTAINED, launcher(tmp_path, *lost), "-k", "SIG-1", "--baseline", str(baseline))
        gate = proctor(*words, "--strict-baseline")
        assert (gate.returncode, says in gate.stdout) == (1, True), gate.stdout + gate.stderr
        assert "the gate fails: --strict-baseline, and expected failures did not occur" in gate.stdout
    same = proctor("check", CONTAINED, launcher(tmp_path, "QUIT"), *words[3:], "--strict-baseline")
    assert same.returncode == 0, same.stdout + same.stderr


ABANDONS = """\
import os, signal, sys
child = os.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def forward(number, frame):
    if signal.Signals(number).name[3:] in {abandoned}:
        os._exit(1)
    os.kill(child, number)
for number in (1, 2, 3, 10, 12, 14, 15):
    signal.signal(number, forward)
_, status = os.waitpid(child, 0)
os._exit(os.waitstatus_to_exitcode(status) % 256)
"""
"""A supervisor that ends at some signals, and leaves its command."""


def test_a_process_that_is_left_after_another_signal_is_worse(proctor: Run, tmp_path: Path) -> None:
    """The violation has no signal of its own: what was sent tells it from the other."""
    path, before = tmp_path / "abandons", tmp_path / "baseline.json"

    def check(abandoned: list[str], *words: str) -> tuple[int, str]:
        python_script(path, ABANDONS.format(abandoned=abandoned), "-IS")
        done = proctor("check", CONTAINED, str(path), "-k", "TREE-1 and takes_its_time", *words)
        return done.returncode, done.stdout + done.stderr

    assert check(["QUIT"], "--results", str(before))[0] == 1
    assert check(["QUIT"], "--baseline", str(before))[0] == 0
    status, says = check(["QUIT", "TERM"], "--baseline", str(before))
    assert (status, "new:  TREE-1/process-left (pipes, SIGTERM)" in says) == (1, True), says
    assert check(["HUP"], "--declare", "TREE-1[HUP]=as its manual says")[0] == 0
    assert check(["HUP", "TERM"], "--declare", "TREE-1[HUP]=as its manual says")[0] == 1


def test_what_cannot_be_judged_any_more_fails_the_gate(proctor: Run, tmp_path: Path) -> None:
    """A launcher that fails a MUST stands beside one that does not start: the exit status tells of that too."""
    before, other = tmp_path / "both.json", tmp_path / "other"
    other.write_text('#!/bin/sh\nexec "$@"\n')
    other.chmod(0o755)
    words = ("check", CONTAINED, launcher(tmp_path, "QUIT"), str(other), "-k", "SIG-1 and SIGQUIT")
    assert proctor(*words, "--results", str(before)).returncode == 1
    assert proctor(*words, "--baseline", str(before)).returncode == 0
    other.write_text("#!/bin/sh\nexit 0\n")
    gate = proctor(*words, "--baseline", str(before))
    assert gate.returncode == 2, gate.stdout + gate.stderr
    assert "not judged, because the launcher did not start a command: " in gate.stdout
    assert "the gate fails: what was judged for the baseline could not be judged now" in gate.stdout


def test_cases_that_were_not_run_are_not_compared(proctor: Run, baseline: Path, tmp_path: Path) -> None:
    """Of the three cases that fail in the baseline one is run: the others are not gone, and a third is no news."""
    words = ("check", CONTAINED, launcher(tmp_path, "QUIT"), "--strict-baseline")
    some, part = tmp_path / "some.json", (*words, "-k", "SIG-1 and pipes and SIGQUIT")
    gate = proctor(*part, "--baseline", str(baseline), "--results", str(some))
    assert gate.returncode == 0, gate.stdout + gate.stderr
    assert "not compared: SIG-1/not-delivered (leader)" in gate.stdout and "gone:" not in gate.stdout
    whole = proctor(*words, "-k", "SIG-1", "--baseline", str(some))
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "not compared: SIG-1/not-delivered (leader)" in whole.stdout and "new:" not in whole.stdout


def test_a_deviation_can_be_declared_for_one_signal(proctor: Run, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    words = (
        "check",
        CONTAINED,
        "-k",
        "SIG-1",
        "--results",
        str(results),
        "--declare",
        "SIG-1[QUIT]=as its manual says",
    )
    known = proctor(*words, launcher(tmp_path, "QUIT"))
    assert known.returncode == 0, known.stdout + known.stderr
    (made,) = read(results)
    assert (made.requirements["SIG-1"].verdict, made.deviations[0].state) == ("declared deviation", "occurred")
    assert made.target.described_by == "none: an executable, profile transparent"
    assert "description: none: an executable, profile transparent" in known.stdout
    more = proctor(*words, launcher(tmp_path, "QUIT", "TERM"))
    assert more.returncode == 1, more.stdout + more.stderr
    row = read(results)[0].requirements["SIG-1"]
    assert (row.verdict, {one.parameters["signal"] for one in row.violations}) == ("fail", {"SIGTERM"})


def test_a_deviation_can_be_declared_for_one_stage_in_a_description(proctor: Run, tmp_path: Path) -> None:
    described = Path(launcher(tmp_path, "QUIT")).with_suffix(".toml")
    described.write_text('command = ["{here}/loses"]\n[deviations]\n"SIG-1[QUIT, job]" = "as its manual says"\n')
    results = tmp_path / "results.json"
    done = proctor("check", CONTAINED, str(tmp_path / "loses"), "-k", "SIG-1", "--results", str(results))
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"description: {described}" in done.stdout
    assert {one.stage for one in read(results)[0].requirements["SIG-1"].violations} == {"pipes", "leader"}


def test_a_declaration_that_matches_nothing_is_stale(proctor: Run, tmp_path: Path) -> None:
    declared = ("--declare", "SIG-1[QUIT]=so", "--declare", "SIG-1[HUP]=mended?")
    words = ("check", CONTAINED, launcher(tmp_path, "QUIT"), *declared)
    done = proctor(*words, "-k", "SIG-1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "declared, but it does not occur: SIG-1[HUP] (mended?)" in done.stdout
    assert "does not occur: SIG-1[QUIT]" not in done.stdout
    strict = proctor(*words, "-k", "SIG-1", "--strict-baseline")
    assert strict.returncode == 1, strict.stdout + strict.stderr
    part = proctor(*words, "-k", "SIG-1 and pipes and SIGUSR1", "--strict-baseline")
    assert (part.returncode, "does not occur" in part.stdout) == (0, False), part.stdout + part.stderr


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("SIG-1", "--declare 'SIG-1' has no reason"),
        ("SIG-1[HUP]", "--declare 'SIG-1[HUP]' has no reason"),
        ("SIG-99=so", "names 'SIG-99', which is no requirement (did you mean 'SIG-9'?)"),
        ("SIG-1[HUPP]=so", "has 'HUPP' in brackets, which is no signal, no stage (pipes, "),
        ("SIG-1[singal=HUP]=so", "no violation has a parameter 'singal' (did you mean 'signal'?)"),
        ("SIG-1[signal=HOP]=so", "there is no signal 'HOP' (did you mean 'SIGHUP'?)"),
        ("SIG-1[stage=tty]=so", "there is no stage 'tty'"),
        ("SIG-1[HUP=so", "which lacks the closing ']'"),
    ],
)
def test_a_wrong_declaration_is_a_usage_error(proctor: Run, declared: str, says: str) -> None:
    done = proctor("check", "/usr/bin/env", "--declare", declared)
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
