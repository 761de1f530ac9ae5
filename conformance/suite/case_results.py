"""The result of a case in the reports of pytest: xdist passes it on from its workers."""

from __future__ import annotations

import msgspec
import pytest

from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.spec import requirements

PROPERTY = "proctor"
"""The name of the test's user property that holds the result of its case."""


def result_of(report: pytest.TestReport | pytest.CollectReport) -> CaseResult | None:
    """Return the result of a phase of a test, or None. A set-up has one only if it fails, a tear-down never."""
    if isinstance(report, pytest.CollectReport) or report.when == "teardown":
        return None
    for key, value in report.user_properties:
        if key == PROPERTY:
            return msgspec.json.decode(str(value), type=CaseResult)
    return None


def breaks(result: CaseResult) -> bool:
    """Whether this result makes the run fail: a failing MUST or an error of Proctor. A failing SHOULD does not."""
    verdict = result.judgement.verdict
    return verdict == "error" or (verdict == "fail" and requirements()[result.requirement].is_mandatory)
