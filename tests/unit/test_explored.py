"""What is said of a launcher at which there is nothing to explore."""

from __future__ import annotations

import pytest

from conformance.checks.common import NotObservable
from conformance.explored import why_no_points
from harness.explorer.survey import Survey
from harness.history import History
from tests.unit.histories import history, replaced, started


def without_points(alone: History) -> Survey:
    return Survey((), (), 2, alone)


def test_a_launcher_that_has_become_its_command() -> None:
    assert "it is the command" in why_no_points(without_points(replaced()))


def test_a_launcher_that_never_starts_its_command() -> None:
    with pytest.raises(NotObservable, match="does not start its command"):
        why_no_points(without_points(history(started())))
