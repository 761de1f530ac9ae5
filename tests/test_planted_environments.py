"""The planted faults of environments, caches, syncs and exec: each is caught, and nothing but what follows from it.

By default each fault meets those cases of the requirements it breaks that need no explorer, and one case of each other
requirement of its chapter; or the campaign that finds it. With PROCTOR_FULL_MATRIX=1 (`tox run -e faults`) each meets
all four chapters, explored as well. `-k env_2_blanks` runs one fault.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
from pathlib import Path

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.conformance.spec import requirements
from proctor.harness.descriptions import load_toml
from tests.planted import (
    WRONG,
    Fault,
    Rows,
    chapter_of,
    differences,
    faults,
    in_chapters,
    launchers,
    of_each_chapter,
    run_suite,
    selected,
)

CHAPTERS = ("environments", "sync", "cache", "exec")
FAULTS = faults(*CHAPTERS, "first_runs", "node_modules")
SOUND = launchers()["sound_with_environments"]
SOUND_OF_NODE = launchers()["sound_node_modules"]
ALSO_SOUND = launchers()["sound_prune_collects"]
OTHERS = ("tree",)
"""Chapters with a case about environments among others."""
FULL = os.environ.get("PROCTOR_FULL_MATRIX") == "1"
EXPLORED = 60
"""Schedules of each explored case, for each target of the full matrix."""
EXPLORED_SOUND = 2
"""The same for the sound launcher by default."""
ONE_OF_EACH = (signal.SIGTERM,)
"""They do the same with each of the signals, but for SIGKILL."""
REPLAYS = 3
SOME = 20
"""Schedules, spread over all."""


def write_target(launcher: Fault, directory: Path, mode: str) -> Path:
    path = directory / f"{launcher.name}.toml"
    program = launcher.command("{python}")
    run = [*program, "kept"] if mode == "kept" else [*program, "run", *(["--exec"] if mode == "exec" else [])]
    profiles = ["ephemeral", "sync", "cache", *(["exec", "transparent"] if mode == "exec" else [])]
    if mode == "kept":
        profiles = ["kept"]
    if mode == "node":
        run, profiles = ["env"], ["sync"]
    environment = "node_modules" if mode == "node" else ".venv"
    lines = {
        "command": run, "sync": [*program, "sync"], "prune": [*program, "prune"], "profiles": profiles,
        "own": ["{home}/.cache/sound", f"{{work}}/{environment}"], "project_environment": environment,
        "adds": ["VIRTUAL_ENV"], "changes": ["PATH"],
    }  # fmt: skip
    path.write_text(
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
        + '[environment]\nPROCTOR_WHEELS = "{wheels}"\nPROCTOR_PYTHON = "{interpreter}"\n'
    )
    return path


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Run the suite once for all faults of a chapter that are selected; return what came of each."""
    directory = tmp_path_factory.mktemp(request.param)
    chosen = selected(request)
    targets = [write_target(fault, directory, fault.mode) for fault in chosen]
    if not targets:
        return {}
    if FULL:
        return run_suite(targets, sorted({*CHAPTERS, request.param}), directory, EXPLORED)
    return run_suite(targets, [request.param], directory, mostly_own=chosen)


@pytest.mark.timeout(1800)
@of_each_chapter(f for f in FAULTS if FULL or not f.campaign)
def test_fault_is_caught(fault: Fault, rows: dict[str, Rows]) -> None:
    if not fault.is_visible:
        pytest.skip(f"needs {fault.needs}")
    judged = in_chapters(*(CHAPTERS if FULL else ()), chapter_of(fault))
    found = differences(fault, rows[fault.name], judged)
    assert not found, "\n".join(found)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", [f for f in FAULTS if f.campaign], ids=lambda fault: fault.name)
def test_explorer_finds_it(fault: Fault, tmp_path: Path) -> None:
    if not fault.is_visible:
        pytest.skip(f"needs {fault.needs}")
    target = load_toml(write_target(fault, tmp_path, fault.mode))
    campaign = campaign_named(fault.campaign, ONE_OF_EACH)
    assert campaign.requirement == fault.breaks
    explorer = explorer_for(target, campaign, REPLAYS)
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    played = (explorer.play_one(planned) for planned in plan.planned)
    # a second invocation of the launcher is not traced, so at some points it depends on the system who is faster
    findings = (explorer.confirm(one) for one in played if one.evaluation.objections)
    unstable = []
    for finding in findings:
        if finding.is_stable:
            return
        unstable.append(f"came back in {finding.returned} of {finding.replays} replays: {finding.schedule}")
    pytest.fail("\n".join(unstable) or f"none of {plan.size} schedules shows it")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("moment", ["creation", "end"])
def test_collecting_may_be_left_to_prune(moment: str, tmp_path: Path) -> None:
    target = load_toml(write_target(ALSO_SOUND, tmp_path, ""))
    campaign = campaign_named(f"{moment}, killed, pruned", ONE_OF_EACH)
    explorer = explorer_for(target, campaign, REPLAYS)
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    played = [explorer.play_one(planned) for planned in itertools.islice(plan.planned, SOME)]
    assert [one for one in played if one.evaluation.objections] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["", "exec", "kept", "node"], ids=["supervising", "exec", "kept", "node"])
def test_sound_launcher_has_none(mode: str, tmp_path: Path) -> None:
    sound = SOUND_OF_NODE if mode == "node" else SOUND
    if not sound.is_visible:
        pytest.skip(f"needs {sound.needs}")
    path = write_target(sound, tmp_path, mode)
    rows = run_suite([path], [*CHAPTERS, *OTHERS], tmp_path, EXPLORED_SOUND)[sound.name]
    assert {name: row for name, row in rows.items() if row["verdict"] in WRONG} == {}
    chapters = {"": CHAPTERS[:-1], "exec": CHAPTERS}.get(mode, ("sync",))
    claimed = {r.id for r in requirements().values() if r.chapter in chapters}
    passed = {name for name in claimed if rows[name]["verdict"] in ("pass", "partial")}
    needed = {f.breaks for f in FAULTS if not f.is_visible}
    assert claimed - passed <= needed
