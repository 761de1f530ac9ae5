"""The planted faults of environments, caches, syncs and exec: each is caught, and nothing but what follows from it.

By default each fault meets the cases of its own chapter that need no explorer, or the campaign that finds it. With
PROCTOR_FULL_MATRIX=1 (`tox run -e faults`) each meets all four chapters, explored as well.
"""

from __future__ import annotations

import compileall
import itertools
import json
import os
import signal
from pathlib import Path

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness.runner.start.places import other_interpreter
from proctor.harness.target import load_toml
from tests.planted import FAULTY, WRONG, Fault, chapter_of, differences, manifest, run_suite

ENVIRONMENTS = FAULTY / "environments"
MANIFEST = manifest(ENVIRONMENTS / "faults.toml")
FAULTS: list[Fault] = MANIFEST["fault"]
MODULES = ("leases.py", "making.py", "sound.py", "parts.py")
CHAPTERS = ("environments", "sync", "cache", "exec")
OTHERS = ("tree",)
"""Chapters with a case about environments among others."""
FULL = os.environ.get("PROCTOR_FULL_MATRIX") == "1"
EXPLORED = 40.0
"""Seconds of exploring for each target of the full matrix."""
EXPLORED_SOUND = 8.0
"""The same for the sound launcher by default."""
ONE_OF_EACH = (signal.SIGTERM,)
"""They do the same with each of the signals, but for SIGKILL."""
REPLAYS = 3
SOME = 20
"""Schedules, spread over all."""


def write_target(file: str, directory: Path, mode: str = "") -> Path:
    path = directory / f"{Path(file).stem}{'-exec' if file == MANIFEST['sound'] and mode else ''}.toml"
    program = ["{python}", "-I", "-S", str(ENVIRONMENTS / file)]
    run = [*program, "run", *(["--exec"] if mode == "exec" else [])]
    profiles = ["ephemeral", "sync", "cache", *(["exec", "transparent"] if mode == "exec" else [])]
    lines = {
        "command": run, "sync": [*program, "sync"], "prune": [*program, "prune"], "profiles": profiles,
        "own": ["{home}/.cache/sound", "{work}/.venv"], "adds": ["VIRTUAL_ENV"], "changes": ["PATH"],
    }  # fmt: skip
    path.write_text(
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
        + '[environment]\nPROCTOR_WHEELS = "{wheels}"\nPROCTOR_PYTHON = "{interpreter}"\n'
    )
    return path


def can_be_seen(fault: Fault) -> bool:
    """Whether there is here what it takes."""
    needs = fault.get("needs", "")
    return (needs != "another interpreter" or bool(other_interpreter())) and (
        needs != "a PID namespace" or door.has_namespace()
    )


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile what all faults import: each of them is started hundreds of times."""
    for name in MODULES:
        compileall.compile_file(str(ENVIRONMENTS / name), quiet=1)


def test_each_file_is_in_the_manifest() -> None:
    files = {path.name for path in ENVIRONMENTS.glob("*.py")} - {*MODULES, MANIFEST["also_sound"]}
    assert files == {fault["file"] for fault in FAULTS}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("chapter", [*CHAPTERS, *OTHERS])
def test_each_fault_is_caught(chapter: str, tmp_path: Path) -> None:
    faults = [f for f in FAULTS if chapter_of(f) == chapter and (FULL or "campaign" not in f) and can_be_seen(f)]
    targets = [write_target(fault["file"], tmp_path, fault.get("mode", "")) for fault in faults]
    chapters = {*CHAPTERS, chapter} if FULL else {chapter}
    rows = run_suite(targets, sorted(chapters), tmp_path, EXPLORED if FULL else 0)
    judged = {r.id for r in requirements().values() if r.chapter in chapters}
    found = [line for fault in faults for line in differences(fault, rows[Path(fault["file"]).stem], judged)]
    assert not found, "\n".join(found)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", [f for f in FAULTS if "campaign" in f], ids=lambda fault: Path(fault["file"]).stem)
def test_explorer_finds_it(fault: Fault, tmp_path: Path) -> None:
    target = load_toml(write_target(fault["file"], tmp_path, fault.get("mode", "")))
    campaign = campaign_named(fault["campaign"], ONE_OF_EACH)
    assert campaign.requirement == fault["requirement"]
    explorer = explorer_for(target, campaign, REPLAYS)
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    played = (explorer.play_one(planned) for planned in plan.planned)
    suspect = next((one for one in played if one.evaluation.objections), None)
    assert suspect, f"none of {plan.size} schedules shows it"
    finding = explorer.confirm(suspect)
    assert finding.is_stable, f"came back in {finding.returned} of {finding.replays} replays: {finding.schedule}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("moment", ["creation", "end"])
def test_collecting_may_be_left_to_prune(moment: str, tmp_path: Path) -> None:
    target = load_toml(write_target(MANIFEST["also_sound"], tmp_path))
    campaign = campaign_named(f"{moment}, killed, pruned", ONE_OF_EACH)
    explorer = explorer_for(target, campaign, REPLAYS)
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    played = [explorer.play_one(planned) for planned in itertools.islice(plan.planned, SOME)]
    assert [one for one in played if one.evaluation.objections] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["", "exec"], ids=["supervising", "exec"])
def test_sound_launcher_has_none(mode: str, tmp_path: Path) -> None:
    path = write_target(MANIFEST["sound"], tmp_path, mode)
    rows = run_suite([path], [*CHAPTERS, *OTHERS], tmp_path, EXPLORED_SOUND)[path.stem]
    assert {name: row for name, row in rows.items() if row["verdict"] in WRONG} == {}
    claimed = {r.id for r in requirements().values() if r.chapter in CHAPTERS and (mode or r.chapter != "exec")}
    passed = {name for name in claimed if rows[name]["verdict"] == "pass"}
    needed = {f["requirement"] for f in FAULTS if not can_be_seen(f)}
    assert claimed - passed <= needed
