"""The reason for having nothing to explore, and the parts of a verdict that come from a finding."""

from __future__ import annotations

import pytest

from proctor.conformance.checks.common import NotObservable
from proctor.conformance.exploring.campaign_verdict import predicate_for, verdict_of, why_no_points
from proctor.conformance.exploring.campaigns import campaigns
from proctor.harness.explorer.explore import Evaluation, Exploration, Finding
from proctor.harness.explorer.survey import Survey
from proctor.harness.history import History
from proctor.harness.schedule import parse
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.coverage import Coverage
from tests.unit.histories import history, over, received, replaced, started, supervised


def without_points(alone: History) -> Survey:
    return Survey((), (), 2, alone)


def test_why_there_are_no_points_if_the_launcher_replaced_itself() -> None:
    assert "it has replaced itself with the command" in why_no_points(without_points(replaced()))


def test_no_points_and_no_command_is_not_observable() -> None:
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
    seen, evaluation = supervised(*over(1)), Evaluation("orphan", (Violation("wrong", {}, "a", "b"),), (3,))
    found = Exploration([], [Finding(parse(SCHEDULE), evaluation, seen, returned, 5)], 9, 1.0)
    made = verdict_of(campaign, Target("a", ("a",), deviations=deviations), found, 12, ALL)
    assert (made.verdict, made.returned, made.replays) == (verdict, returned, 5)
    assert (made.history, made.schedule) == (seen, SCHEDULE)
    assert made.violations[0].events == ((3,) if returned else ())  # else they are events of another history


def test_an_unstable_verdict_says_what_differs_in_a_replay_without_the_violation() -> None:
    campaign = next(one for one in campaigns() if one.requirement == "SIG-6")
    seen, without = supervised(received(15), *over(1)), supervised(*over(1))
    finding = Finding(parse(SCHEDULE), Evaluation("lost", (signal_lost("SIGTERM"),)), seen, 4, 5, without)
    made = verdict_of(campaign, Target("a", ("a",)), Exploration([], [finding], 9, 1.0), 12, ALL)
    assert made.instability and made.instability.kind == "other-events"
    never = verdict_of(campaign, Target("a", ("a",)), Exploration([], [finding._replace(returned=0)], 9, 1.0), 12, ALL)
    assert never.instability and never.instability.kind == "unknown"  # its history does not show the violation


def signal_lost(name: str) -> Violation:
    return Violation("signal-lost", {"signal": name}, "a", "b")


def test_a_declared_finding_does_not_hide_another() -> None:
    """SIG-6[HUP] is declared: HUP alone is a deviation, and TERM fails, also where both are found at one point."""
    campaign = next(one for one in campaigns() if one.requirement == "SIG-6")
    target = Target("a", ("a",), deviations={"SIG-6[HUP]": "on purpose"})
    seen = supervised(*over(1))
    hup, term = signal_lost("SIGHUP"), signal_lost("SIGTERM")
    for found, verdict, names in (([hup], "declared deviation", ["SIGHUP"]), ([hup, term], "fail", ["SIGTERM"])):
        findings = [Finding(parse(SCHEDULE), Evaluation("lost", (one,)), seen, 5, 5) for one in found]
        made = verdict_of(campaign, target, Exploration([], findings, 9, 1.0), 12, ALL)
        assert (made.verdict, [one.parameters["signal"] for one in made.violations]) == (verdict, names)
        assert made.declarations == ("SIG-6[HUP]",)


def test_declared_findings_have_a_label_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = next(one for one in campaigns() if one.requirement == "SIG-6")
    target = Target("a", ("a",), deviations={"SIG-6[HUP]": "on purpose"})
    seen = supervised(*over(1))

    def evaluated(*found: Violation) -> Evaluation:
        monkeypatch.setattr(type(campaign), "predicate", lambda *_: lambda _history: Evaluation("lost", found))
        return predicate_for(campaign, target, seen)(seen)

    hup, term = signal_lost("SIGHUP"), signal_lost("SIGTERM")
    assert evaluated(hup).label == "lost (declared)"
    assert evaluated(term).label == "lost"
    assert (evaluated(hup, term).label, evaluated(hup, term).objections) == ("lost", (term, hup))
    assert evaluated() == Evaluation("lost")
