"""What the tests of planted faults share: they run the suite on launchers with one, and compare with a manifest."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from proctor.conformance.spec import requirements

ROOT = Path(__file__).resolve().parent.parent
FAULTY = ROOT / "targets" / "faulty"
Fault = dict[str, Any]
Rows = dict[str, Any]
"""What came of each requirement, by its id."""
WRONG = ("fail", "error", "unstable")


def manifest(path: Path) -> dict[str, Any]:
    """Return a faults.toml, with or without what is common to all."""
    return {"common": {}, **tomllib.loads(path.read_text(encoding="utf-8"))}


def chapter_of(fault: Fault) -> str:
    return requirements()[fault["requirement"]].chapter


def run_suite(targets: Iterable[Path], chapters: Iterable[str], directory: Path, budget: float = 0) -> dict[str, Rows]:
    """Run chapters of the suite, all where none is named, on these launchers; return their rows by target."""
    results = directory / "results.json"
    files = [str(ROOT / "conformance" / "suite" / f"test_{chapter}.py") for chapter in chapters]
    command = [sys.executable, "-m", "pytest", *(files or [str(ROOT / "conformance")])]
    command += ["-n", "2", "-q", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--explore-budget={budget}", f"--results={results}", *(f"--target={path}" for path in targets)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert results.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    documents = json.loads(results.read_text())
    documents = documents if isinstance(documents, list) else [documents]
    return {document["target"]["name"]: document["requirements"] for document in documents}


def differences(
    fault: Fault,
    rows: Rows,
    judged: set[str],
    common: Iterable[str] = (),
    own: Callable[[str, str], bool] | None = None,
) -> list[str]:
    """Say where the verdicts on a fault are not those of the manifest. common: what all of them fail; own: whether a
    case of such a requirement is one that the fault itself has to answer for."""
    must = {fault["requirement"], *fault["follows"]} & judged
    may = must | set(fault.get("possible", ())) | set(common)
    found = []
    for name in sorted(judged):
        row = rows[name]
        cases = {violation["case"].partition("[")[2] for violation in row["violations"]}
        if name in must and (row["verdict"] != "fail" or not [case for case in cases if not own or own(name, case)]):
            found.append(f"{fault['file']}: {name} is {row['verdict']}, not fail: {row['reason']}")
        elif not {name, "*"} & may and row["verdict"] in WRONG:
            found.append(f"{fault['file']}: {name} is {row['verdict']}: {row['reason']} {row['violations'][:1]}")
    return found
