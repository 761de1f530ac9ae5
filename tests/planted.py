"""What the tests of planted faults share: they ask the launchers what is wrong with them, run the suite on them, and
compare."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness.runner.start.places import other_interpreter
from tests import fewer_cases
from tests.conftest import ROOT

FAULTY = ROOT / "targets" / "faulty"
LAUNCH = FAULTY / "launch.py"
Rows = dict[str, Any]
"""What came of each requirement, by its id."""
WRONG = ("fail", "error", "unstable")


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A planted fault as it describes itself: targets/faulty/catalogue.py says what the fields mean."""

    name: str
    module: str
    file: str
    mistake: str
    breaks: str = ""
    also_breaks: tuple[str, ...] = ()
    may_break: tuple[str, ...] = ()
    also_changes: tuple[str, ...] = ()
    stage: Literal["", "init"] = ""
    mode: Literal["", "exec", "kept", "node", "chain", "group"] = ""
    campaign: str = ""
    found_at: dict[str, str] = {}
    needs: Literal["", "root", "a PID namespace", "another interpreter", "Node"] = ""

    def command(self, python: str = sys.executable) -> tuple[str, ...]:
        """Return the words that start it, to which the command's are appended."""
        path = str(FAULTY / self.file)
        return ("sh", path) if path.endswith(".sh") else (python, "-I", "-S", path, self.name)

    @property
    def is_visible(self) -> bool:
        """Whether this system has what it takes to see it."""
        match self.needs:
            case "root":
                return os.geteuid() == 0
            case "a PID namespace":
                return door.has_namespace()
            case "another interpreter":
                return bool(other_interpreter())
            case "Node":
                return bool(shutil.which("node"))
        return True


@cache
def launchers() -> dict[str, Fault]:
    """Return all launchers of targets/faulty by name, those without a fault as well."""
    done = subprocess.run([sys.executable, "-I", "-S", LAUNCH, "--list"], capture_output=True, check=True, timeout=60)
    return {fault.name: fault for fault in msgspec.json.decode(done.stdout, type=list[Fault])}


def faults(*modules: str) -> list[Fault]:
    """Return the planted faults of these modules of targets/faulty/, all where none is named."""
    everything = [launcher for launcher in launchers().values() if not launcher.name.startswith("sound")]
    return [fault for fault in everything if fault.module in modules or not modules]


def compared_attributes() -> set[str]:
    """Return the attributes that INHERIT-4 compares, as the table lists them."""
    text = (ROOT / "conformance" / "spec" / "inherit.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.partition("\n## Attributes")[2].splitlines()]
    return {name for row in rows if row[-1].startswith("INHERIT-4") for name in re.findall("`(.*?)`", row[0])}


def chapter_of(fault: Fault) -> str:
    return requirements()[fault.breaks].chapter


def of_each_chapter(chosen: Iterable[Fault]) -> pytest.MarkDecorator:
    """Make a test of each fault, with the rows of its chapter: a fixture `rows` runs that once for all of them.

    pytest keeps what a fixture returned while tests that follow each other have the same parameter. Without a scope the
    parameters would be of the test, and so would the fixture."""
    params = [pytest.param(fault, chapter_of(fault), id=fault.name) for fault in sorted(chosen, key=chapter_of)]
    return pytest.mark.parametrize(("fault", "rows"), params, indirect=["rows"], scope="module")


def selected(request: pytest.FixtureRequest) -> list[Fault]:
    """Return the faults whose tests were selected for this run, of the chapter that a fixture `rows` is asked for."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    params = [test.callspec.params for test in tests if "rows" in test.fixturenames]
    chosen: list[Any] = [values["fault"] for values in params if values["rows"] == request.param]
    return [fault for fault in chosen if fault.is_visible]


def run_suite(
    targets: Iterable[Path],
    chapters: Iterable[str],
    directory: Path,
    schedules: int = 0,
    more: Iterable[str] = (),
    mostly_own: Iterable[Fault] = (),
) -> dict[str, Rows]:
    """Run chapters of the suite, all where none is named, on these launchers; return their rows by target.
    schedules: how many of each explored case. more: further options. mostly_own: the faults that these launchers have,
    if each is to meet all cases of its own requirements, and one of each other requirement."""
    results = directory / "results.json"
    files = [str(ROOT / "conformance" / "suite" / f"test_{chapter}.py") for chapter in chapters]
    command = [sys.executable, "-m", "pytest", *(files or [str(ROOT / "conformance")]), "--containment=namespace"]
    # beside other tests all cores are busy, and each worker costs a start and a collection
    workers = "0" if "PYTEST_XDIST_WORKER" in os.environ else "2"
    command += ["-n", workers, "-q", "--tb=no", "-p", "no:cacheprovider", f"--explore-schedules={schedules}"]
    played_whole = {fault.name: sorted(own_requirements(fault)) for fault in mostly_own}
    if played_whole:
        command += ["-p", fewer_cases.__name__]
    done = subprocess.run(
        [*command, f"--results={results}", *(f"--target={path}" for path in targets), *more],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {fewer_cases.VARIABLE: json.dumps(played_whole)},
        check=False,
    )
    assert results.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    documents = json.loads(results.read_text())
    documents = documents if isinstance(documents, list) else [documents]
    return {document["target"]["name"]: document["requirements"] for document in documents}


def own_requirements(fault: Fault) -> set[str]:
    """Return the requirements that must fail for a fault."""
    return {fault.breaks, *fault.also_breaks}


def in_chapters(*chapters: str) -> set[str]:
    """Return the requirements of these chapters."""
    return {r.id for r in requirements().values() if r.chapter in chapters}


def differences(
    fault: Fault,
    rows: Rows,
    judged: set[str],
    common: Iterable[str] = (),
    own: Callable[[str, str], bool] | None = None,
) -> list[str]:
    """Say where the verdicts on a fault are not those that it announces. common: what all of them fail; own: whether a
    case of such a requirement is one that the fault itself has to answer for."""
    must = own_requirements(fault) & judged
    may = must | set(fault.may_break) | set(common)
    found = []
    for name in sorted(judged):
        row = rows[name]
        cases = {violation["case"].partition("[")[2] for violation in row["violations"]}
        if name in must and (row["verdict"] != "fail" or not [case for case in cases if not own or own(name, case)]):
            found.append(f"{fault.name}: {name} is {row['verdict']}, not fail: {row['reason']}")
        elif not {name, "*"} & may and row["verdict"] in WRONG:
            found.append(f"{fault.name}: {name} is {row['verdict']}: {row['reason']} {row['violations'][:1]}")
    return found
