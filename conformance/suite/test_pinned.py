"""Generated scenarios that are worth playing every time: conformance/suite/cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


def _pinned() -> list[object]:
    read = [(path.stem, casefile.read(path)) for path in CASES]
    # a mark has the type of a decorator
    return [pytest.param(one, id=name, marks=requirement(one.requirement)) for name, one in read]  # type: ignore[arg-type]


@pytest.mark.parametrize("pinned", _pinned())
def test_pinned(case: Case, pinned: CaseFile) -> None:
    case.pinned(pinned)
