"""What `proctor doctor` makes of a system: which requirements need what, and what it advises."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.conformance.cli import system_checks
from proctor.conformance.cli.system_checks import AFFECTED, Ability, Affected, is_complete, unobservable
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import system
from proctor.harness.errors import HarnessError
from proctor.harness.history import Event, Fact, History, NotStarted, SettleEnded, Unobserved, WitnessReady
from proctor.harness.programs import NEEDS
from proctor.harness.scenario import Scenario
from tests.conftest import ROOT
from tests.unit.histories import INHERITED

GREETED = WitnessReady("command", 11, INHERITED)


def played(*facts: Fact) -> History:
    return History("bare", Scenario(()), "none", tuple(Event(n, n * 1e-3, "runner", f) for n, f in enumerate(facts)))


def answers(monkeypatch: pytest.MonkeyPatch, outcome: History | HarnessError) -> None:
    """Let every scenario come to this."""

    def execute(*_: object) -> History:
        if isinstance(outcome, HarnessError):
            raise outcome
        return outcome

    monkeypatch.setattr(door, "execute", execute)


@pytest.fixture(scope="module")
def needs() -> dict[str, list[list[str]]]:
    """What the cases need: the requirements of which all do, and those of which some do."""
    words = [sys.executable, "-m", "tests.unit.needs"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[list[str]]] = json.loads(done.stdout)
    return found


def test_what_needs_an_ability_is_what_the_cases_say(needs: dict[str, list[list[str]]]) -> None:
    assert {name: [sorted(needed.whole), sorted(needed.partly)] for name, needed in AFFECTED.items()} == needs
    assert {name for both in needs.values() for some in both for name in some} <= requirements().keys()


@pytest.mark.parametrize("tried", system_checks.PLAYED_CHECKS)
def test_what_can_be_played_is_there(monkeypatch: pytest.MonkeyPatch, tried: system_checks.AbilityCheck) -> None:
    answers(monkeypatch, played(GREETED, SettleEnded("quiescent", 0.1)))
    found = tried()
    assert (found.state, found.means, found.do, found.not_observable) == ("yes", "", "", ())


@pytest.mark.parametrize("tried", system_checks.PLAYED_CHECKS)
@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (HarnessError("it is not\nhere \x1b[31m"), "it is not here \\x1b[31m"),
        (played(NotStarted("fork", 1)), "fork: Operation not permitted"),
        (played(Unobserved("ptrace-refused")), "ptrace is refused"),
        (played(), "the command did not start"),
    ],
)
def test_what_cannot_be_played_is_less(
    monkeypatch: pytest.MonkeyPatch, tried: system_checks.AbilityCheck, outcome: History | HarnessError, why: str
) -> None:
    answers(monkeypatch, outcome)
    found = tried()
    assert (found.state, why in found.found, bool(found.means), bool(found.do)) == ("less", True, True, True)
    assert (found.not_observable, found.in_part) == AFFECTED.get(found.name, Affected())


WITH_PROGRAMS = AFFECTED["real programs"].whole
ALSO_WITH = AFFECTED["real programs"].partly


@pytest.mark.parametrize(
    ("missing", "whole", "partly"),
    [((), (), ()), (("coverage",), (), WITH_PROGRAMS + ALSO_WITH), (tuple(NEEDS), WITH_PROGRAMS, ALSO_WITH)],
    ids=["none", "one", "all"],
)
def test_programs_that_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], whole: tuple[str, ...], partly: tuple[str, ...]
) -> None:
    monkeypatch.setattr(system_checks, "missing", lambda program: program if program in missing else "")
    found = system_checks._programs()
    assert (found.state, found.not_observable, found.in_part) == ("less" if missing else "yes", whole, partly)
    assert all(program in found.found for program in missing or NEEDS)
    assert ("launch-proctor[world]" in found.do) is bool(missing)


def test_rest_that_is_waited_for_is_less(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, played(GREETED, SettleEnded("waited", 1.0, "/proc/PID/syscall may not be read")))
    found = system_checks.PLAYED_CHECKS[0]()
    assert (found.name, found.state, found.found) == ("idle detection", "less", "/proc/PID/syscall may not be read")


def test_one_shell_of_three_is_enough_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        system_checks, "_play", lambda scenario: played(GREETED) if scenario.stage.parent == "bash" else "not installed"
    )
    found = next(tried() for tried in system_checks.PLAYED_CHECKS if tried.__name__ == "_shells")
    assert (found.state, found.not_observable, found.in_part) == ("less", (), ("TTY-3", "WORLD-7"))
    assert found.do == "apt-get install dash zsh"
    assert "only under bash" in found.means


@pytest.mark.parametrize(
    ("settings", "do"),
    [
        ({"kernel.apparmor_restrict_unprivileged_userns": "1"}, "kernel.apparmor_restrict_unprivileged_userns=0"),
        ({"kernel.unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=1"),
        ({"user.max_user_namespaces": "0"}, "user.max_user_namespaces=10000"),
        ({}, "docker run --privileged"),
    ],
)
def test_how_to_get_namespaces(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], do: str) -> None:
    monkeypatch.setattr(system, "setting", lambda name: settings.get(name, ""))
    monkeypatch.setattr(door, "containment", lambda: "subreaper (no PID namespace: clone)")
    monkeypatch.setattr(door, "has_namespace", lambda: False)
    found = next(one for one in system_checks.abilities(played=()) if one.name == "containment")
    assert (found.state, do in found.do) == ("less", True)


@pytest.mark.parametrize("scope", ["", "1", "3"])
def test_the_scope_of_ptrace_is_told(monkeypatch: pytest.MonkeyPatch, scope: str) -> None:
    monkeypatch.setattr(system, "setting", lambda _: scope)
    answers(monkeypatch, played(GREETED))
    tracing = next(tried for tried in system_checks.PLAYED_CHECKS if tried.__name__ == "_tracing")
    assert tracing().found == ("allowed" if not scope else f"allowed (kernel.yama.ptrace_scope is {scope})")
    answers(monkeypatch, played(Unobserved("ptrace-refused")))
    assert ("sysctl kernel.yama.ptrace_scope=1" in tracing().do) == (scope == "3")


def test_where_the_runner_does_not_start_nothing_more_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise HarnessError("harness/bin/witness is missing: the package was not built here. Run: pip install -e .")

    monkeypatch.setattr(door, "containment", refuse)
    found = list(system_checks.abilities())
    assert next(one.found for one in found if one.state == "no").startswith("harness/bin/witness is missing")
    assert not {"ptrace", "PID 1"} & {one.name for one in found}


@pytest.mark.parametrize(
    ("name", "answer", "ability", "state"),
    [
        ("kernel", None, "kernel", "no"),
        ("kernel", (5, 3), "kernel", "no"),
        ("kernel", (5, 4), "kernel", "yes"),
        ("why_no_pidfds", "pidfd_open(2): Function not implemented", "pidfds", "no"),
        ("most_processes", 100, "processes", "less"),
        ("most_processes", 5000, "processes", "yes"),
        ("most_processes", None, "processes", "yes"),
        ("most_descriptors", system.FEWEST_DESCRIPTORS - 1, "descriptors", "no"),
        ("most_descriptors", system.FEWEST_DESCRIPTORS, "descriptors", "less"),
        ("most_descriptors", 1024, "descriptors", "yes"),
        ("most_descriptors", None, "descriptors", "yes"),
        ("cores", 1, "cores", "note"),
        ("load", 100.0, "load", "note"),
        ("free_memory", None, "load", "note"),
        ("other_runs", [], "other runs", "note"),
        ("compiler", "", "C compiler", "note"),
        ("has_group_kill", True, "control groups", "note"),
    ],
)
def test_what_the_system_says(
    monkeypatch: pytest.MonkeyPatch, name: str, answer: object, ability: str, state: str
) -> None:
    monkeypatch.setattr(door, "containment", lambda: "PID namespace")
    monkeypatch.setattr(door, "has_namespace", lambda: True)
    monkeypatch.setattr(system, name, lambda: answer)
    found = next(one for one in system_checks.abilities(played=()) if one.name == ability)
    assert (found.state, bool(found.do)) == (state, state in ("no", "less"))


def test_other_runs_are_described() -> None:
    """A guardian whose parent is not this process, as one of another run has."""
    read, write = os.pipe()
    guards = [str(system.GUARDIAN), str(read), "subreaper", "--", str(shutil.which("cat")), "cat"]
    start = "import subprocess, sys\nprint(subprocess.Popen(sys.argv[1:], close_fds=False).pid, flush=True)\ninput()"
    words = [sys.executable, "-c", start, *guards]
    with subprocess.Popen(words, pass_fds=[read], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        pid = int(other.stdout.readline())
        assert pid in system.other_runs()
        found = next(one for one in system_checks.abilities(played=()) if one.name == "other runs")
        os.close(read)
        os.close(write)
        other.communicate(b"\n")
    assert f"guardian (pid {pid}): {' '.join(guards)}" in found.found
    assert found.state == "note"


def test_what_is_lost_is_told_once() -> None:
    some = [
        Ability("a", "less", "", not_observable=("SIG-6",), in_part=("EXIT-1", "SIG-7")),
        Ability("b", "less", "", not_observable=("SIG-7", "SIG-6")),
        Ability("c", "note", ""),
    ]
    assert unobservable(some) == Affected(("SIG-6", "SIG-7"), ("EXIT-1",))
    assert not is_complete(some)
    assert is_complete(some[2:])


# -- what is read of the system itself


def test_limits_of_control_groups_hold_from_above(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "slice" / "job"
    own.mkdir(parents=True)
    (own / "pids.max").write_text("max\n")
    (tmp_path / "slice" / "pids.max").write_text("300\n")
    monkeypatch.setattr(system, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(system, "_contents", lambda path: "0::/slice/job" if "proc" in path.parts else _text(path))
    assert system.most_processes() == 300
    assert not system.has_group_kill()
    (tmp_path / "slice" / "cgroup.kill").touch()
    assert system.has_group_kill()


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def test_this_system_is_one_on_which_tests_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (system.kernel() or (0, 0)) >= system.OLDEST_KERNEL
    assert system.why_no_pidfds() == ""
    assert system.setting("kernel.ostype") == "Linux"
    assert system.setting("no.such.setting") == ""
    assert system.cores() >= 1
    monkeypatch.setenv("CC", "no-such-compiler")
    assert system.compiler() == ""
    monkeypatch.setenv("CC", "sh -O2")
    assert os.access(system.compiler(), os.X_OK)
