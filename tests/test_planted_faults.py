"""The planted faults: each is caught for its requirement, and nothing but what follows from it is found beside it.

By default each fault meets the cases of its own chapter. With PROCTOR_FULL_MATRIX=1 (`tox run -e faults`) each meets
the whole suite, so that a false accusation in any other chapter shows as well.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.spec import requirements

ROOT = Path(__file__).resolve().parent.parent
FAULTY = ROOT / "targets" / "faulty"
MANIFEST = tomllib.loads((FAULTY / "faults.toml").read_text(encoding="utf-8"))
FAULTS: list[dict[str, Any]] = MANIFEST["fault"]
CHAPTERS = ("exit", "signals", "terminal", "tree", "inherit")
COMMON_CASE = "-pipe-ignored]"
"""What the sound launcher fails of INHERIT-1, and so every fault: it takes more than that to be caught."""
FULL = os.environ.get("PROCTOR_FULL_MATRIX") == "1"


def chapter_of(fault: dict[str, Any]) -> str:
    return requirements()[fault["requirement"]].chapter


def write_target(file: str, directory: Path) -> Path:
    interpreter = ["sh"] if file.endswith(".sh") else ["{python}", "-I", "-S"]
    path = directory / f"{Path(file).stem}.toml"
    command = json.dumps([*interpreter, str(FAULTY / file)])
    # declared slow: a sample of the 256 exit codes is enough to catch a fault, and there are a hundred launchers
    path.write_text(f'command = {command}\nprofiles = ["transparent", "init"]\nslow = true\n')
    return path


def run_suite(files: list[str], chapter: str | None, directory: Path) -> dict[str, dict[str, Any]]:
    """Run the suite, or one chapter of it, on these launchers; return the requirements' rows by target."""
    results = directory / "results.json"
    what = str(ROOT / "conformance" / (f"test_{chapter}.py" if chapter else ""))
    targets = [f"--target={write_target(file, directory)}" for file in files]
    command = [sys.executable, "-m", "pytest", what, "-n", "2", "-q", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--explore-budget=0", f"--results={results}", *targets],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert results.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    documents = json.loads(results.read_text())
    documents = documents if isinstance(documents, list) else [documents]
    return {document["target"]["name"]: document["requirements"] for document in documents}


def differences(fault: dict[str, Any], rows: dict[str, Any], judged: set[str]) -> list[str]:
    """Say where the verdicts on a fault are not those of the manifest."""
    must = {fault["requirement"], *fault["follows"]} & judged
    may = must | set(fault.get("possible", ())) | set(MANIFEST["common"])
    found = []
    for name in sorted(judged):
        row = rows[name]
        cases = {violation["case"].partition("[")[2] for violation in row["violations"]}
        own = [case for case in cases if not (name in MANIFEST["common"] and case.endswith(COMMON_CASE))]
        if name in must and (row["verdict"] != "fail" or not own):
            found.append(f"{fault['file']}: {name} is {row['verdict']}, not fail: {row['reason']}")
        elif not {name, "*"} & may and row["verdict"] in ("fail", "error", "unstable"):
            found.append(f"{fault['file']}: {name} is {row['verdict']}: {row['reason']} {row['violations'][:1]}")
    return found


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile what all faults import: each of them is started hundreds of times."""
    for name in ("sound.py", "parts.py"):
        compileall.compile_file(str(FAULTY / name), quiet=1)


def faults_of(chapter: str) -> list[dict[str, Any]]:
    can_drop_groups = os.geteuid() == 0
    return [f for f in FAULTS if chapter_of(f) == chapter and (f.get("needs") != "root" or can_drop_groups)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_fault_is_caught(chapter: str, tmp_path: Path) -> None:
    faults = faults_of(chapter)
    rows = run_suite([fault["file"] for fault in faults], None if FULL else chapter, tmp_path)
    judged = {r.id for r in requirements().values() if r.chapter in CHAPTERS and (FULL or r.chapter == chapter)}
    found = [line for fault in faults for line in differences(fault, rows[Path(fault["file"]).stem], judged)]
    assert not found, "\n".join(found)


@pytest.mark.timeout(300)
def test_sound_launcher_has_none(tmp_path: Path) -> None:
    rows = run_suite([MANIFEST["sound"]], None, tmp_path)["sound"]
    wrong = {
        name: row
        for name, row in rows.items()
        if row["verdict"] in ("fail", "error", "unstable") and name not in MANIFEST["common"]
    }
    assert not wrong
