"""FAULT: one system call of the launcher fails."""

from __future__ import annotations

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement

SHARE = 0.25
"""For all requirements that judge the same executions."""
ON_TERMINAL = 0.06
STAGES = pytest.mark.parametrize(
    ("where", "share"), [("", SHARE), (", terminal", ON_TERMINAL)], ids=["pipes", "terminal"]
)


@requirement("FAULT-1")
@STAGES
def test_failing_call_does_not_pass_for_success(case: Case, where: str, share: float) -> None:
    case.explore(campaign_named(f"failing calls{where}"), share)


@requirement("FAULT-2")
@STAGES
def test_failing_call_leaves_nothing(case: Case, where: str, share: float) -> None:
    case.explore(campaign_named(f"failing calls, left{where}"), share)


@requirement("FAULT-3")
def test_failing_call_is_named(case: Case) -> None:
    case.explore(campaign_named("failing calls, named"), SHARE)


@requirement("FAULT-4")
@STAGES
def test_failing_call_changes_no_state(case: Case, where: str, share: float) -> None:
    case.explore(campaign_named(f"failing calls, state{where}"), share)


@requirement("FAULT-6")
@STAGES
def test_interrupted_call_changes_nothing(case: Case, where: str, share: float) -> None:
    case.explore(campaign_named(f"interrupted calls{where}"), share)
