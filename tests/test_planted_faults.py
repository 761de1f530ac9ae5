"""The planted faults: each is caught for its requirement, and nothing but what follows from it is found beside it.

By default each fault meets the cases of its own chapter. With PROCTOR_FULL_MATRIX=1 (`tox run -e faults`) each meets
the whole suite, so that a false accusation in any other chapter shows as well.
"""

from __future__ import annotations

import compileall
import json
import os
from pathlib import Path

import pytest

from proctor.conformance.spec import requirements
from tests.planted import FAULTY, WRONG, Fault, chapter_of, differences, manifest, run_suite

MANIFEST = manifest(FAULTY / "faults.toml")
FAULTS: list[Fault] = MANIFEST["fault"]
CHAPTERS = ("exit", "signals", "terminal", "tree", "inherit")
COMMON_CASE = "-pipe-ignored]"
"""What the sound launcher fails of INHERIT-1, and so every fault: it takes more than that to be caught."""
FULL = os.environ.get("PROCTOR_FULL_MATRIX") == "1"


def write_target(file: str, directory: Path) -> Path:
    interpreter = ["sh"] if file.endswith(".sh") else ["{python}", "-I", "-S"]
    path = directory / f"{Path(file).stem}.toml"
    command = json.dumps([*interpreter, str(FAULTY / file)])
    # declared slow: a sample of the 256 exit codes is enough to catch a fault, and there are a hundred launchers
    path.write_text(f'command = {command}\nprofiles = ["transparent", "init"]\nslow = true\n')
    return path


def is_own(name: str, case: str) -> bool:
    return not (name in MANIFEST["common"] and case.endswith(COMMON_CASE))


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile what all faults import: each of them is started hundreds of times."""
    for name in ("sound.py", "parts.py"):
        compileall.compile_file(str(FAULTY / name), quiet=1)


def faults_of(chapter: str) -> list[Fault]:
    can_drop_groups = os.geteuid() == 0
    return [f for f in FAULTS if chapter_of(f) == chapter and (f.get("needs") != "root" or can_drop_groups)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_fault_is_caught(chapter: str, tmp_path: Path) -> None:
    faults = faults_of(chapter)
    targets = [write_target(fault["file"], tmp_path) for fault in faults]
    rows = run_suite(targets, () if FULL else (chapter,), tmp_path)
    judged = {r.id for r in requirements().values() if r.chapter in CHAPTERS and (FULL or r.chapter == chapter)}
    found = [
        line
        for fault in faults
        for line in differences(fault, rows[Path(fault["file"]).stem], judged, MANIFEST["common"], is_own)
    ]
    assert not found, "\n".join(found)


@pytest.mark.timeout(300)
def test_sound_launcher_has_none(tmp_path: Path) -> None:
    rows = run_suite([write_target(MANIFEST["sound"], tmp_path)], (), tmp_path)["sound"]
    wrong = {name: row for name, row in rows.items() if row["verdict"] in WRONG and name not in MANIFEST["common"]}
    assert not wrong
