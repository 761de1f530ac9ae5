"""What is said of a launcher at which there is nothing to explore, and what a verdict keeps of a finding."""

from __future__ import annotations

import pytest

from proctor.conformance.checks.common import NotObservable
from proctor.conformance.exploring.campaign_verdict import verdict_of, why_no_points
from proctor.conformance.exploring.campaigns import campaigns
from proctor.harness.explorer.explore import Evaluation, Exploration, Finding
from proctor.harness.explorer.survey import Survey
from proctor.harness.history import History
from proctor.harness.schedule import parse
from proctor.harness.target import Target
from proctor.reports.coverage import Coverage
from tests.unit.histories import history, over, replaced, started, supervised


def without_points(alone: History) -> Survey:
    return Survey((), (), 2, alone)


def test_a_launcher_that_has_become_its_command() -> None:
    assert "it is the command" in why_no_points(without_points(replaced()))


def test_a_launcher_that_never_starts_its_command() -> None:
    with pytest.raises(NotObservable, match="does not start its command"):
        why_no_points(without_points(history(started())))


ALL = Coverage("SIG-6", "start", ("deliver TERM",), 9, 9, 9)
SCHEDULE = "at launcher clone#1 exit: deliver TERM to launcher"


@pytest.mark.parametrize(
    ("returned", "deviations", "verdict"),
    [(5, {}, "fail"), (4, {}, "unstable"), (0, {}, "unstable"), (5, {"SIG-6": "on purpose"}, "declared deviation")],
)
def test_a_verdict_keeps_the_history_and_the_schedule_of_its_finding(
    returned: int, deviations: dict[str, str], verdict: str
) -> None:
    campaign = next(one for one in campaigns() if one.requirement == "SIG-6")
    seen, opinion = supervised(*over(1)), Evaluation("orphan", ("required: a; actual: b",), (3,))
    found = Exploration([], [Finding(parse(SCHEDULE), opinion, seen, returned, 5)], 9, 1.0)
    made = verdict_of(campaign, Target("a", ("a",), deviations=deviations), found, 12, ALL)
    assert (made.verdict, made.returned, made.replays) == (verdict, returned, 5)
    assert (made.history, made.schedule) == (seen, SCHEDULE)
    assert made.violations[0].events == ((3,) if returned else ())  # else they are events of another history
