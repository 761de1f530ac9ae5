"""The planted faults of launchers of several commands: each is caught for its requirement, and for no other one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.harness.descriptions import load_toml
from tests.planted import Fault, Rows, differences, faults, in_chapters, launchers, run_suite

CHAPTER = "group"
SOUND = launchers()["sound_group"]


def write_target(launcher: Fault, directory: Path) -> Path:
    path = directory / f"{launcher.name}.toml"
    command = json.dumps([*launcher.command("{python}"), "{limit}", "{line}"])
    path.write_text(
        f'command = {command}\nprofiles = ["group"]\n'
        '[group]\nends = "failure"\nstatus = "command"\ngrace = 2.0\nlimit = ["--one-at-a-time"]\n'
    )
    return path


FAULTS = [fault for fault in faults(CHAPTER) if not fault.campaign]
EXPLORED = [fault for fault in faults(CHAPTER) if fault.campaign]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Run the chapter once for all; return what came of each requirement, by launcher."""
    directory = tmp_path_factory.mktemp(CHAPTER)
    return run_suite([write_target(one, directory) for one in (SOUND, *FAULTS)], (CHAPTER,), directory)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_caught(fault: Fault, rows: dict[str, Rows]) -> None:
    found = differences(fault, rows[fault.name], in_chapters(CHAPTER))
    assert not found, "\n".join(found)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [*EXPLORED, SOUND], ids=lambda fault: fault.name)
def test_explorer_finds_it_and_nothing_else(fault: Fault, tmp_path: Path) -> None:
    target = load_toml(write_target(fault, tmp_path))
    campaign = campaign_named("start, one at a time", (signal.SIGINT,))
    explorer = explorer_for(target, campaign, 3)
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    suspects = [one for one in map(explorer.play_one, plan.planned) if one.evaluation.objections]
    assert bool(suspects) is bool(fault.campaign)
    assert all(explorer.confirm(one).is_stable for one in suspects[:2])


@pytest.mark.timeout(900)
def test_sound_launcher_has_none(rows: dict[str, Rows]) -> None:
    verdicts = {name: rows[SOUND.name][name]["verdict"] for name in in_chapters(CHAPTER)}
    # nothing is explored here
    assert verdicts == dict.fromkeys(in_chapters(CHAPTER), "pass") | {"GROUP-4": "partial"}


@pytest.mark.timeout(300)
def test_a_case_is_replayed(tmp_path: Path) -> None:
    """No bare command is played for it."""
    target = write_target(launchers()["group_1_always_term"], tmp_path)
    run_suite([target], (CHAPTER,), tmp_path, more=("-k", "ends_each_command and SIGINT-2", "--cases", str(tmp_path)))
    (case,) = tmp_path.glob("*-group-1-*.json")
    words = [sys.executable, "-m", "proctor", "replay", str(case), "--trust", "-n", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "GROUP-1 was violated in 1 of 1 run" in done.stdout, done.stdout + done.stderr
