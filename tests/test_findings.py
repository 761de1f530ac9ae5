"""docs/findings/: each case can be read and names no machine, its script is what `proctor export` prints today, and
docs/findings.md links both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proctor.conformance.judging import casefile
from tests.launchers.findings import FINDINGS, ROOT, cases, script_of

OF_A_MACHINE = re.compile(r"/(?:bin|home|media|mnt|nix|opt|root|run|snap|srv|tmp|usr|Users|var|work)\b")
"""Directories that a case or its script would have from the machine on which it was found. /proc and /dev are
everywhere."""

each_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.stem)


def test_there_is_a_case_for_each_script() -> None:
    assert cases()
    assert [path.with_suffix(".json") for path in sorted(FINDINGS.glob("*.py"))] == cases()


@each_case
def test_its_name_says_launcher_and_requirement(case: Path) -> None:
    read = casefile.read(case)
    assert case.stem.endswith(f"-{read.requirement.lower()}")
    assert read.target.name.startswith(case.stem.removesuffix(f"-{read.requirement.lower()}"))
    assert read.objections


@each_case
def test_its_script_is_what_export_prints(case: Path) -> None:
    script = case.with_suffix(".py").read_text()
    assert script == script_of(case), "write them anew: python -m tests.launchers.findings"


@each_case
def test_no_path_of_a_machine_is_in_it(case: Path) -> None:
    for path in (case, case.with_suffix(".py")):
        assert OF_A_MACHINE.findall(path.read_text()) == [], path.name
    target = casefile.read(case).target
    assert "/" not in target.command[0] and "/" not in "".join(target.version[:1])


@each_case
def test_the_page_links_it(case: Path) -> None:
    page = (ROOT / "docs" / "findings.md").read_text()
    for path in (case, case.with_suffix(".py")):
        assert f"(findings/{path.name})" in page
