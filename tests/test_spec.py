"""The normative text, its cases and its planted faults: none without the others."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from proctor.conformance.spec import CHAPTERS, requirements
from tests.conftest import ROOT
from tests.planted import Fault, faults

BUILT = (
    "exit", "signals", "terminal", "tree", "inherit", "stdio", "environments", "sync", "cache", "exec", "fault",
    "group", "world",
)  # fmt: skip
PINNED = ROOT / "conformance" / "suite" / "test_pinned.py"
"""Its cases name their requirements in files of their own: tests/test_pinned.py."""

NOT_YET: set[str] = {"FAULT-5"}
"""Numbers that are given to requirements to come. This set may only shrink."""

WITHOUT_A_CASE: set[str] = set()
"""What nobody tests yet. This set may only shrink: whoever builds a case takes its requirement out."""
AT_MOST_WITHOUT_A_CASE = 0


@cache
def cases() -> dict[str, list[str]]:
    """Return the requirements that each case names, by file and function."""
    found: dict[str, list[str]] = {}
    for path in sorted({*(ROOT / "conformance" / "suite").glob("test_*.py")} - {PINNED}):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{path.name}::{node.name}"] = [name for d in node.decorator_list if (name := _named(d))]
    return found


def _named(decorator: ast.expr) -> str:
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "requirement":
        return ""
    return str(ast.literal_eval(decorator.args[0]))


def with_a_case() -> set[str]:
    return {name for names in cases().values() for name in names}


def with_a_fault() -> set[str]:
    return {fault.breaks for fault in faults()}


def musts() -> set[str]:
    """Return what the chapters that are built bind a launcher to."""
    return {r.id for r in requirements().values() if r.chapter in BUILT and r.is_mandatory}


def spec_files() -> list[Path]:
    return sorted((ROOT / "conformance" / "spec").glob("*.md"))


TABLES = ("Attributes", "What")
"""Sections of chapters that are tables to which requirements refer."""


def test_every_heading_is_a_requirement_or_a_table() -> None:
    assert [path.stem for path in spec_files()] == sorted(CHAPTERS)
    headings = [
        line for path in spec_files() for line in path.read_text(encoding="utf-8").splitlines() if line[:3] == "## "
    ]
    assert Counter(line.split()[1] for line in headings) == Counter([*requirements().keys(), *TABLES])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_requirements_of_a_chapter_are_numbered_without_a_gap(chapter: str) -> None:
    ids = [r.id for r in requirements().values() if r.chapter == chapter]
    prefix = ids[0].partition("-")[0]
    numbers = [n for n in range(1, len(ids) + 1 + len(NOT_YET)) if f"{prefix}-{n}" not in NOT_YET]
    assert ids == [f"{prefix}-{n}" for n in numbers[: len(ids)]]


@pytest.mark.parametrize("name", requirements())
def test_requirement_is_complete(name: str) -> None:
    requirement = requirements()[name]
    assert requirement.sentence.endswith((".", ")"))
    assert not re.search(r"[#\n]|^- ", requirement.sentence)
    assert requirement.why.endswith(".")
    assert len(requirement.source) > 5
    assert requirement.is_mandatory == (requirement.level in ("MUST", "MUST NOT"))


def test_every_remedy_is_read() -> None:
    written = sum(path.read_text(encoding="utf-8").count("\n- Mend it: ") for path in spec_files())
    assert written == sum(bool(r.mend) for r in requirements().values()) > 0


def test_every_case_names_exactly_one_requirement_that_exists() -> None:
    assert cases()
    wrong = {case: names for case, names in cases().items() if len(names) != 1 or names[0] not in requirements()}
    assert wrong == {}


def test_every_case_stands_in_the_chapter_of_its_requirement() -> None:
    strays = [
        case
        for case, names in cases().items()
        if not re.fullmatch(rf"test_{requirements()[names[0]].chapter}(_\w+)?\.py", case.partition("::")[0])
    ]
    assert strays == []


@pytest.mark.parametrize("name", sorted(musts()))
def test_every_must_has_a_case_and_a_planted_fault(name: str) -> None:
    assert name in with_a_case()
    assert name in with_a_fault(), "plant one in targets/faulty/, in the module of its chapter or in windows/"


def test_shoulds_of_environments_have_a_planted_fault_as_well() -> None:
    chapters = ("environments", "sync", "cache", "exec", "fault", "world")
    assert {r.id for r in requirements().values() if r.chapter in chapters} <= with_a_fault()


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_planted_fault_names_requirements_that_exist_and_its_mistake(fault: Fault) -> None:
    assert {fault.breaks, *fault.also_breaks} <= requirements().keys()
    assert {*fault.may_break} <= {*requirements(), "*"}
    assert fault.mistake.endswith(".")


def test_the_list_of_what_has_no_case_only_shrinks() -> None:
    assert requirements().keys() - with_a_case() == WITHOUT_A_CASE
    assert len(WITHOUT_A_CASE) <= AT_MOST_WITHOUT_A_CASE
