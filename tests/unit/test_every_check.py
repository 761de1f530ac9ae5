"""No check without a case, and no check without a good and a bad history."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.histories import Example

CHAPTERS = (
    "exit",
    "signals",
    "terminal",
    "tree",
    "inherit",
    "stdio",
    "environments",
    "sync",
    "cache",
    "exec",
    "fault",
    "group",
    "world",
)
EXPLORED = "moments"
"""Its checks are those of campaigns, of several chapters."""
GENERATED = "interleavings"
"""Its laws are made of checks of the others; test_interleavings has histories for them."""
SHARED = {"__init__", "allowed", "blame", "common", "files", "objections", "screen"}
"""No checks of their own, but what checks are made of."""


def public_checks(chapter: str) -> set[str]:
    """Return the functions of a chapter's checks that take a history and the bare command's."""
    module = importlib.import_module(f"proctor.conformance.checks.{chapter}")
    functions = inspect.getmembers(module, inspect.isfunction)
    own = {name: f for name, f in functions if f.__module__ == module.__name__ and not name.startswith("_")}
    takes = {name: list(inspect.signature(f).parameters)[:2] for name, f in own.items()}
    return {name for name, parameters in takes.items() if parameters == ["history", "bare"]}


def used_checks(chapter: str) -> set[str]:
    """Return the checks of a chapter that cases and campaigns name, whatever they import the module as."""
    files = [*(ROOT / "conformance" / "suite").glob("test_*.py"), ROOT / "conformance" / "exploring" / "campaigns.py"]
    return {name for path in files for name in _used_in(ast.parse(path.read_text(encoding="utf-8")), chapter)}


def _used_in(tree: ast.Module, chapter: str) -> set[str]:
    imports = (
        node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "proctor.conformance.checks"
    )
    known = {alias.asname or alias.name for node in imports for alias in node.names if alias.name == chapter}
    named = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    functions = {node.attr for node in named if isinstance(node.value, ast.Name) and node.value.id in known}
    return {name for name in functions if name == name.lower()}  # others are constants


def examples(chapter: str) -> tuple[Example, ...]:
    """Return the literal histories of a chapter, which may have several files of them."""
    found: list[Example] = []
    for path in of_chapter(Path(__file__).parent, f"test_checks_{chapter}"):
        found += importlib.import_module(f"tests.unit.{path.stem}").EXAMPLES
    return tuple(found)


def of_chapter(directory: Path, name: str) -> list[Path]:
    """Return the files NAME.py and NAME_*.py."""
    return sorted([*directory.glob(f"{name}.py"), *directory.glob(f"{name}_*.py")])


def test_no_chapter_is_forgotten() -> None:
    rooms: list[Path] = sorted((ROOT / "conformance" / "checks").glob("*.py"))
    assert {path.stem for path in rooms} - SHARED == {*CHAPTERS, EXPLORED, GENERATED}
    suite = ROOT / "conformance" / "suite"
    of_chapters = {path for name in CHAPTERS for path in of_chapter(suite, f"test_{name}")}
    assert {*suite.glob("test_*.py")} - of_chapters == {suite / "test_pinned.py"}
    assert all(of_chapter(suite, f"test_{name}") for name in CHAPTERS)


@pytest.mark.parametrize("chapter", [*CHAPTERS, EXPLORED])
def test_every_check_has_a_case(chapter: str) -> None:
    assert public_checks(chapter) <= used_checks(chapter)
    assert chapter == EXPLORED or public_checks(chapter) == used_checks(chapter)


@pytest.mark.parametrize("outcome", ["good", "bad"])
@pytest.mark.parametrize("chapter", [*CHAPTERS, EXPLORED])
def test_every_check_has_a_history(chapter: str, outcome: str) -> None:
    shown = {example.name for example in examples(chapter) if example.outcome == outcome}
    assert {f"{chapter}.{name}" for name in public_checks(chapter)} - shown == set()


@pytest.mark.parametrize("chapter", [*CHAPTERS, EXPLORED])
def test_every_bad_history_says_what_is_wrong(chapter: str) -> None:
    """An empty `says` would be found in anything."""
    silent = [example.title for example in examples(chapter) if example.outcome != "good" and not example.says]
    assert silent == []


@pytest.mark.parametrize("chapter", [*CHAPTERS, EXPLORED])
def test_every_check_names_its_requirement(chapter: str) -> None:
    module = importlib.import_module(f"proctor.conformance.checks.{chapter}")
    says = {name: getattr(module, name).__doc__ or "" for name in public_checks(chapter)}
    assert [name for name, text in says.items() if "-" not in text.partition(":")[0]] == []
