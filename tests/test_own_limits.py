"""What Proctor's own limits, or the system's, prevent is never a failure of the launcher: it is not observable."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.conformance.checks import exit as exit_checks
from proctor.conformance.checks import signals as signal_checks
from proctor.conformance.checks import tree as tree_checks
from proctor.conformance.checks.common import NotObservable
from proctor.conformance.checks.interleavings import transparent
from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.extent import Extent
from proctor.conformance.exploring.replay import Replayer
from proctor.conformance.exploring.worker_pool import CannotTrace, survey_of
from proctor.conformance.judging.casefile import SCHEMA, CaseFile
from proctor.conformance.judging.judge import Bare, Check, Judgement, judge
from proctor.conformance.scenarios.signals import finish, send
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness.execute import execute
from proctor.harness.history import History, LimitExceeded, WaitFailed
from proctor.harness.runner.observe.quiescence import MAX_TASKS
from proctor.harness.scenario import Look, Scenario, Settle
from proctor.harness.target import BARE, Target
from proctor.harness.violation import Violation
from tests.built_for_tests import compiled
from tests.conftest import ROOT, Run
from tests.unit.histories import over, received, replaced, sent, supervised

PROGRAMS = ROOT / "tests" / "launchers_for_tests"
STAGE = ROOT / "harness" / "bin" / "stage"
TERM = Scenario((Settle(), *send(signal.SIGTERM), *finish(3)))
LIMIT = f"a limit was exceeded: more than {MAX_TASKS} threads at once: all were ended"

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="seccomp and /proc are Linux's")


@pytest.fixture(scope="module")
def many_threads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the launcher with many threads, where this system allows so many."""
    program = compiled("many_threads", tmp_path_factory.mktemp("threads"))
    if subprocess.run([program, "first", str(MAX_TASKS + 100), "true"], check=False).returncode:
        pytest.skip(f"this system does not allow {MAX_TASKS + 100} threads")
    return program


def launcher(program: Path, when: str, count: int = MAX_TASKS + 100) -> Target:
    return Target(name="many-threads", command=(str(program), when, str(count)))


def judged(name: str, target: Target, scenario: Scenario, check: Check) -> Judgement:
    return judge(requirements()[name], target, scenario, check, execute, Bare(execute))


@pytest.mark.parametrize("when", ["first", "later"])
def test_too_many_threads_are_no_failure(many_threads: Path, when: str) -> None:
    target = launcher(many_threads, when)
    history = execute(target, TERM)
    assert [fact.what for fact in history.facts(LimitExceeded)] == ["threads"]
    assert history.facts(WaitFailed), "without the limit this would be a failure"
    judgement = judged("SIG-1", target, TERM, signal_checks.reaches_command)
    assert (judgement.verdict, judgement.reason) == ("not observable", LIMIT)


@pytest.mark.parametrize(
    ("name", "scenario", "check"),
    [
        ("EXIT-1", TERM, exit_checks.same_status),
        ("TREE-1", TERM, tree_checks.nothing_left),
        ("TREE-2", Scenario((Settle(), *send(signal.SIGTERM), Look(), *finish())), tree_checks.no_zombie),
    ],
)
def test_nor_are_they_under_another_requirement(
    many_threads: Path, name: str, scenario: Scenario, check: Check
) -> None:  # fmt: skip
    assert judged(name, launcher(many_threads, "later"), scenario, check).verdict == "not observable"


def test_as_many_as_are_allowed_are_judged(many_threads: Path) -> None:
    judgement = judged("SIG-1", launcher(many_threads, "first", 300), TERM, signal_checks.reaches_command)
    assert judgement.verdict == "pass", judgement


def test_the_suite_says_so(many_threads: Path, proctor: Run, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    command = f"{many_threads} later {MAX_TASKS + 100}"
    done = proctor("check", command, "-k", "SIG-1 and TERM and pipes", f"--results={results}")
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads(results.read_text(encoding="utf-8"))["requirements"]["SIG-1"]
    assert (row["verdict"], row["reason"]) == ("not observable", LIMIT)


def test_a_replay_is_inconclusive(many_threads: Path) -> None:
    case = CaseFile(
        schema=SCHEMA, requirement="SIG-1", check="signals.reaches_command", scenario=TERM, objections=(), versions={},
        target=launcher(many_threads, "later"),
    )  # fmt: skip
    result = Replayer(case, case.target).once()
    assert (result.objections, result.unsure) == ((), LIMIT)


def test_generated_scenarios_are_not_judged(many_threads: Path) -> None:
    history = execute(launcher(many_threads, "later"), TERM)
    with pytest.raises(NotObservable, match="a limit was exceeded"):
        transparent(history, execute(BARE, TERM))


LOST = supervised(sent(signal.SIGTERM), *over(3))
CUT = supervised(sent(signal.SIGTERM), *over(3), LimitExceeded("threads", MAX_TASKS))
ARRIVED = replaced(sent(signal.SIGTERM), received(signal.SIGTERM), *over(3))


class Turns:
    """Plays the histories of a list, the last of them for ever."""

    def __init__(self, *histories: History) -> None:
        self.left = list(histories)

    def __call__(self, target: Target, _: Scenario) -> History:
        if target.is_bare:
            return ARRIVED
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def test_a_replay_that_was_cut_short_confirms_nothing() -> None:
    """A launcher has more threads in one run than in another."""
    play = Turns(LOST, CUT)
    check = signal_checks.reaches_command
    judgement = judge(requirements()["SIG-1"], Target("any", ("any",)), TERM, check, play, Bare(play))
    assert (judgement.verdict, judgement.returned) == ("unstable", 0)
    again = Turns(LOST)
    judgement = judge(requirements()["SIG-1"], Target("any", ("any",)), TERM, check, again, Bare(again))
    assert judgement.verdict == "fail", "it is one without the limit"


def cut_short(target: Target, *_: object, **__: object) -> History:
    """Play what is always cut short, but for the bare command."""
    return ARRIVED if target.is_bare else CUT


def test_what_is_cut_short_undisturbed_is_not_explored(monkeypatch: pytest.MonkeyPatch) -> None:
    target, campaign = Target("any", ("any",)), campaign_named("start")
    judgement = judge_campaign(campaign, target, cut_short, Bare(cut_short), Extent())
    assert (judgement.verdict, judgement.reason) == ("not observable", LIMIT)
    monkeypatch.setattr(door, "execute", cut_short)
    with pytest.raises(CannotTrace, match="a limit was exceeded"):
        survey_of(target, campaign)


def test_a_schedule_that_was_cut_short_has_no_objection() -> None:
    def accuses(*_: History) -> list[Violation]:
        return [Violation("SIG-6/command-outlives")]

    predicate = campaign_named("start")._replace(check=accuses).predicate(ARRIVED)
    assert predicate(LOST).objections
    assert not predicate(CUT).objections


# -- mount(2) is refused, clone(2) is not


@pytest.fixture(scope="module")
def refuse_mount(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("refuse_mount", tmp_path_factory.mktemp("mount"))


def reports_of(*words: str) -> list[str]:
    """Return the lines that a stage reports, until its last writer has ended."""
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(
            [*words, f"report={writer}", "init=1", "--", "/bin/true", "true"], pass_fds=(writer,)
        )
    finally:
        os.close(writer)
    with open(reader, encoding="utf-8") as lines:
        found = []
        for line in lines:
            found.append(line.split()[0] + " " + line.split()[1])
            if line.startswith(("wait", "error")):
                break
    process.kill()
    process.wait(timeout=20)
    return found


def test_a_stage_that_cannot_be_set_up_has_no_launcher(refuse_mount: Path) -> None:
    """Its exit code 125 is not to be taken for the launcher's."""
    if not [line for line in reports_of(str(STAGE)) if line.startswith("pid")]:
        pytest.skip("this system allows no PID namespace")
    for _ in range(20):
        assert reports_of(str(refuse_mount), str(STAGE)) == ["error mount-private"]


@pytest.mark.skipif(not shutil.which("tini"), reason="tini is not installed here")
def test_pid_1_is_not_observable_where_nothing_can_be_mounted(refuse_mount: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    words = [sys.executable, "-m", "proctor", "check", "tini", "-k", "TREE-6", f"--results={results}"]
    for _ in range(6):
        done = subprocess.run(
            [refuse_mount, *words], capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        row = json.loads(results.read_text(encoding="utf-8"))["requirements"]["TREE-6"]
        assert row["verdict"] == "not observable", row
        assert row["reason"].startswith("the stage cannot be set up here: mount-"), row
