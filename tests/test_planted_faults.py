"""The planted faults: each is caught for its requirement, and nothing but what follows from it is found beside it.

By default each fault meets all cases of the requirements that it breaks, and one case of each other requirement of its
chapter. With PROCTOR_FULL_MATRIX=1 (`tox run -e faults`) each meets the whole suite, so that a false accusation in any
other case shows as well. `-k sig_9_late` runs one fault.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

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

CHAPTERS = ("exit", "exit_after_signal", "signals", "terminal", "tree", "inherit", "stdio", "relays")
SOUND = launchers()["sound"]
COMMON = SOUND.may_break
"""What the sound launcher fails, and so every fault that derives from it: it takes more than that to be caught."""
COMMON_CASE = "-pipe-ignored]"
FULL = os.environ.get("PROCTOR_FULL_MATRIX") == "1"


def write_target(launcher: Fault, directory: Path) -> Path:
    path = directory / f"{launcher.name}.toml"
    command = json.dumps(launcher.command("{python}"))
    # declared slow: a sample of the 256 exit codes is enough to catch a fault, and there are a hundred launchers
    path.write_text(f'command = {command}\nprofiles = ["transparent", "init"]\nslow = true\n')
    return path


def is_own(name: str, case: str) -> bool:
    return not (name in COMMON and case.endswith(COMMON_CASE))


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Run the suite once for all faults of a chapter that are selected; return what came of each."""
    directory = tmp_path_factory.mktemp(request.param)
    chosen = selected(request)
    targets = [write_target(fault, directory) for fault in chosen]
    if not targets:
        return {}
    if FULL:
        return run_suite(targets, (), directory)
    return run_suite(targets, (request.param,), directory, mostly_own=chosen)


@pytest.mark.timeout(900)
@of_each_chapter(faults(*CHAPTERS))
def test_fault_is_caught(fault: Fault, rows: dict[str, Rows]) -> None:
    if not fault.is_visible:
        pytest.skip(f"needs {fault.needs}")
    judged = in_chapters(*(CHAPTERS if FULL else (chapter_of(fault),)))
    found = differences(fault, rows[fault.name], judged, COMMON, is_own)
    assert not found, "\n".join(found)


@pytest.mark.timeout(300)
def test_sound_launcher_has_none(tmp_path: Path) -> None:
    rows = run_suite([write_target(SOUND, tmp_path)], (), tmp_path)["sound"]
    wrong = {name: row for name, row in rows.items() if row["verdict"] in WRONG and name not in COMMON}
    assert not wrong
