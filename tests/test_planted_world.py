"""The planted faults of chapter WORLD and TREE-8: each is caught for its requirement, and for no other of its kind."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from proctor.harness.programs import EXTRA, NEEDS, missing
from proctor.harness.scenario import REAL_PARENTS
from tests.conftest import ROOT
from tests.planted import Fault, Rows, differences, faults, own_requirements, run_suite
from tests.test_planted_faults import SOUND, write_target


class Kind(NamedTuple):
    """Cases of one kind: their files, the requirements they are about, and the programs they need."""

    files: tuple[str, ...]
    judged: frozenset[str]
    programs: tuple[str, ...] = ()

    @property
    def faults(self) -> list[Fault]:
        """The faults that break one of these requirements first of all."""
        return [fault for fault in faults("world") if fault.breaks in self.judged]

    def needs_programs(self) -> None:
        """Skip the test where one is not installed."""
        if lacks := [name for name in self.programs if missing(name)]:
            pytest.skip(f"needs {', '.join(lacks)}: {EXTRA}")


PARENTS = tuple(name for name in NEEDS if name in REAL_PARENTS)
KINDS = {
    "programs": Kind(
        ("world_programs",), frozenset({"WORLD-5", "WORLD-7"}), tuple(name for name in NEEDS if name not in PARENTS)
    ),
    "parents": Kind(
        ("world_parents", "tree_supervised"),
        frozenset({"WORLD-1", "WORLD-2", "WORLD-3", "WORLD-6", "WORLD-10", "TREE-8"}),
        PARENTS,
    ),
    "no programs": Kind(("world_sequences", "world_notify"), frozenset({"WORLD-4", "WORLD-8", "WORLD-9"})),
}
EACH = [(name, fault) for name, kind in KINDS.items() for fault in kind.faults]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Rows]]:
    """By kind, what came of its cases with all of its faults: each kind is played once, when it is first needed."""
    return _Played(tmp_path_factory)


class _Played(dict[str, dict[str, Rows]]):
    def __init__(self, directories: pytest.TempPathFactory) -> None:
        super().__init__()
        self._directories = directories

    def __missing__(self, name: str) -> dict[str, Rows]:
        kind, directory = KINDS[name], self._directories.mktemp(name.replace(" ", "-"))
        targets = [write_target(fault, directory) for fault in kind.faults]
        self[name] = run_suite(targets, kind.files, directory, mostly_own=kind.faults)
        return self[name]


@pytest.mark.parametrize("kind", KINDS)
def test_each_requirement_has_a_fault(kind: str) -> None:
    assert {name for fault in KINDS[kind].faults for name in own_requirements(fault)} >= KINDS[kind].judged


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "fault"), EACH, ids=lambda one: getattr(one, "name", one))
def test_fault_is_caught(kind: str, fault: Fault, rows: dict[str, dict[str, Rows]]) -> None:
    KINDS[kind].needs_programs()
    found = differences(fault, rows[kind][fault.name], set(KINDS[kind].judged))
    assert not found, "\n".join(found)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_launchers_without_a_fault_have_none(kind: str, tmp_path: Path) -> None:
    KINDS[kind].needs_programs()
    launchers = [ROOT / "launcher", write_target(SOUND, tmp_path)]
    for name, found in run_suite(launchers, KINDS[kind].files, tmp_path).items():
        verdicts = {one: found[one]["verdict"] for one in KINDS[kind].judged}
        allowed = {"pass", "not applicable"} if kind == "no programs" else {"pass"}
        assert set(verdicts.values()) <= allowed, (name, verdicts)
