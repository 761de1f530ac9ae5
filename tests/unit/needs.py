"""What the cases of the suite need of a system, read off the scenarios that they would play.

usage: python -m tests.unit.needs      prints it as JSON, in a process that has the marks of cases
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.scenarios.sequences import known_sequences
from proctor.conformance.suite import stop_sequences
from proctor.conformance.suite.case import Case
from proctor.harness.programs import PROGRAMS
from proctor.harness.scenario import REAL_PARENTS, SHELLS, Reuse, Scenario, Trace
from proctor.harness.target import Profile, Target
from tests.conftest import ROOT


class Wanted(NamedTuple):
    """A scenario that a case of a requirement plays; traced: under a schedule, or all of its calls."""

    requirement: str
    scenario: Scenario
    traced: bool = False


NEEDS: dict[str, Callable[[Wanted], bool]] = {
    "ptrace": lambda wanted: (
        wanted.traced
        or wanted.scenario.stage.watches_flags
        or any(isinstance(step, Trace) for step in wanted.scenario.steps)
    ),
    "pseudo-terminals": lambda wanted: wanted.scenario.stage.terminal,
    "shells": lambda wanted: wanted.scenario.stage.parent in SHELLS,
    "PID 1": lambda wanted: wanted.scenario.stage.parent == "init",
    "PID reuse": lambda wanted: any(isinstance(step, Reuse) for step in wanted.scenario.steps),
    "real programs": lambda wanted: wanted.scenario.command in PROGRAMS or wanted.scenario.stage.parent in REAL_PARENTS,
    "second Python": lambda wanted: wanted.scenario.interpreter == "other",
}
"""By the names that `proctor doctor` gives them."""


class _Recorder:
    """Stands in for a case: notes what it would play."""

    def __init__(self, requirement: str) -> None:
        profiles: tuple[Profile, ...] = ("transparent", "init", "ephemeral", "sync", "kept", "cache", "chain")
        self.target = Target("recorded", ("recorded",), profiles=profiles)
        self.wanted: list[Wanted] = []
        self._requirement = requirement

    def __call__(self, scenario: Scenario, *_: object, **__: object) -> None:
        self.wanted.append(Wanted(self._requirement, scenario))

    def explore(self, campaign: Campaign, *_: object, **__: object) -> None:
        self.wanted.append(Wanted(campaign.requirement, campaign.scenario, traced=True))

    def pinned(self, pinned: CaseFile) -> None:
        self.wanted.append(Wanted(pinned.requirement, pinned.scenario))


def all_wanted() -> Iterator[Wanted]:
    """Yield what all cases want, but for those that are pinned: these are chosen because they are short."""
    for path in sorted((ROOT / "conformance" / "suite").glob("test_*.py")):
        if path.stem != "test_pinned":
            yield from _of_file(path)


def _of_file(path: Path) -> Iterator[Wanted]:
    module = importlib.import_module(f"proctor.conformance.suite.{path.stem}")
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("test_"):
            marks: list[Any] = vars(function)["pytestmark"]
            recorder = _Recorder(next(mark.args[0] for mark in marks if mark.name == "requirement"))
            for arguments in _arguments(marks, function):
                try:
                    function(cast(Case, recorder), **arguments)
                except pytest.skip.Exception:
                    pass
            yield from recorder.wanted


def _arguments(marks: list[Any], function: Callable[..., object]) -> Iterator[dict[str, Any]]:
    """Yield each combination of what a case is repeated over."""
    axes = [(mark.args[0], list(mark.args[1])) for mark in marks if mark.name in ("over", "parametrize")]
    if stop_sequences.ARGUMENT in inspect.signature(function).parameters:
        requirement = next(mark.args[0] for mark in marks if mark.name == "requirement")
        sequences = [one for one in known_sequences().values() if one.requirement == requirement]
        axes.append((stop_sequences.ARGUMENT, sequences))
    for values in itertools.product(*(values for _, values in axes)):
        arguments: dict[str, Any] = {}
        for (names, _), value in zip(axes, values, strict=True):
            split = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
            arguments |= dict(zip(split, value if len(split) > 1 else (value,), strict=True))
        yield arguments


def needed_for(ability: str) -> tuple[list[str], list[str]]:
    """Return the requirements of which every case needs it, and those of which some do."""
    by_requirement: dict[str, set[bool]] = {}
    for wanted in all_wanted():
        by_requirement.setdefault(wanted.requirement, set()).add(NEEDS[ability](wanted))
    whole = sorted(name for name, answers in by_requirement.items() if answers == {True})
    return whole, sorted(name for name, answers in by_requirement.items() if answers == {True, False})


if __name__ == "__main__":
    sys.stdout.write(json.dumps({ability: needed_for(ability) for ability in NEEDS}))
