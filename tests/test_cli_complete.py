"""`proctor explore --strategy complete` on real launchers: it finds known races, replays them, and says how complete it
was, and why not."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.harness.descriptions import load
from proctor.harness.execute import execute
from proctor.harness.history import ChoiceRefused, Received, Sent, StepTaken
from proctor.harness.schedule import parse
from proctor.harness.target import Target
from tests.built_for_tests import compiled
from tests.conftest import Run

pytestmark = pytest.mark.usefixtures("contained")

needs_timeout = pytest.mark.skipif(not shutil.which("timeout"), reason="needs timeout: apt-get install coreutils")
needs_setsid = pytest.mark.skipif(not shutil.which("setsid"), reason="needs setsid: apt-get install util-linux")


def explore(proctor: Run, target: str, directory: Path, *words: str) -> tuple[int, str]:
    done = proctor("explore", target, "--strategy=complete", f"--cases={directory}/cases", "--replays=3", *words)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode, done.stdout


@needs_setsid
def test_every_class_is_played_and_the_result_is_called_complete(proctor: Run, tmp_path: Path) -> None:
    status, said = explore(proctor, "setsid -w", tmp_path, "--requirement=EXIT-1", f"--results={tmp_path}/results.json")
    assert status == 0
    assert re.search(r"EXIT-1, order \(process order\): classes: \d+ with 0 signals; .* steps; complete", said), said
    (row, *_) = json.loads((tmp_path / "results.json").read_text())["explored"]
    assert row["schedules"] == row["played"] > 1
    assert "complete" in row["completeness"]


@needs_timeout
def test_a_known_race_is_found_and_its_order_is_replayed(proctor: Run, tmp_path: Path) -> None:
    status, said = explore(proctor, "timeout", tmp_path, "--requirement=SIG-6", "--signal=TERM", "--budget=60")
    assert status == 1, said
    assert "finding: orphan; came back in 3 of 3 replays" in said, said
    cases = sorted((tmp_path / "cases").glob("*.json"))
    found = [case for case in cases if "command-outlives" in case.read_text()]
    assert found, said
    assert '"run-task"' in found[0].read_text()
    again = proctor("replay", str(found[0]), "--trust", "-n", "5")
    assert (again.returncode, "in 5 of 5 runs" in again.stdout) == (1, True), again.stdout + again.stderr
    exported = proctor("export", str(found[0]))
    assert exported.returncode == 2
    assert "replay it instead" in exported.stderr


@needs_timeout
def test_when_the_time_is_over_the_number_of_classes_is_estimated(proctor: Run, tmp_path: Path) -> None:
    _, said = explore(proctor, "timeout 1h", tmp_path, "--requirement=SIG-7", "--signal=TERM", "--budget=0")
    assert "explored, not complete: time limit reached" in said
    assert re.search(r"about [\d.e+]+ classes \(standard error [\d.e+]+, \d+ random executions\)", said), said


def test_threads_are_a_reason_why_it_is_not_complete(proctor: Run, tmp_path: Path) -> None:
    threads = str(compiled("threads", tmp_path))
    _, said = explore(proctor, threads, tmp_path, "--signals-at-most=0", "--requirement=EXIT-1", "--budget=5")
    assert "not complete: the launcher has threads" in said, said


@needs_timeout
def test_an_order_gives_the_same_steps_each_time() -> None:
    scenario = campaign_named("start").scenario
    text = "run launcher 12 times\ndeliver TERM to launcher\nrun child1 2 times"

    def steps() -> list[tuple[str, str]]:
        history = execute(load("timeout 1h"), scenario, parse(text))
        assert [fact.to for fact in history.facts(Sent)] == ["launcher"]
        return [(step.actor, step.call) for step in history.facts(StepTaken)]

    first = steps()
    assert [actor for actor, _ in first[:13]] == 12 * ["launcher"] + ["deliver TERM to launcher"]
    assert all(steps() == first for _ in range(5))


@needs_setsid
def test_a_choice_that_is_not_possible_is_recorded() -> None:
    history = execute(load("setsid -w"), campaign_named("order").scenario, parse("run child1\nrun launcher"))
    (refused,) = history.facts(ChoiceRefused)
    assert (str(refused.choice), refused.number) == ("run child1", 1)


@needs_setsid
def test_a_stimulus_is_given_at_rest_in_its_part() -> None:
    scenario = campaign_named("end").scenario
    target = Target("env", ("/usr/bin/env",))
    for part, received in ((1, 1), (2, 0)):
        history = execute(target, scenario, parse(f"in part {part}\nat rest: deliver TERM to launcher"))
        assert len([fact for fact in history.facts(Received) if fact.signal == 15]) == received
