"""The verdict `partial`: how it comes about, and that no report shows it as a pass."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from proctor.conformance.checks.moments import NOTHING_SENT
from proctor.conformance.exploring.campaign import Plan
from proctor.conformance.exploring.campaign_result import CampaignResult, for_programs, result_of
from proctor.conformance.exploring.campaign_verdict import covered, verdict_of
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.extent import FEWEST, REPLAYS_IF_COSTLY, REPLAYS_WITH_LONG_WAITS, Extent
from proctor.conformance.judging import result_rows
from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult, Sample
from proctor.conformance.spec import requirements
from proctor.conformance.suite.terminal_report import counts
from proctor.harness.calls import BIRTH
from proctor.harness.explorer.explore import REPLAYS, Evaluation, Exploration, PlayedSchedule
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.badge import badge
from proctor.reports.compare import changes, is_worse, no_longer_fails, told
from proctor.reports.coverage import Coverage
from proctor.reports.html.matrix import LEGEND, MARK_OF_VERDICT
from proctor.reports.html.page import html
from proctor.reports.junit import junit
from proctor.reports.markdown import summary
from proctor.reports.results import Results, Row, RowViolation, Verdict, read
from tests.conftest import ROOT
from tests.documents_for_tests import results
from tests.unit.test_html import parts
from tests.unit.test_strategies import surveyed

TARGET = Target("a launcher", ("/bin/launcher",))
SIG_6 = campaign_named("start")
SAMPLE = Sample(23, 256, "exit codes")
HOW_MUCH = "start: 135 of 670 schedules"
WHY = f"{HOW_MUCH}; --full plays all"


def judgement(verdict: Verdict, reason: str = "") -> Judgement:
    wrong = (Violation("wrong", {}, "r", "a"),) if verdict in ("fail", "unstable", "declared deviation") else ()
    return Judgement(verdict, 1, reason, wrong)


def row(*cases: tuple[Judgement, Sample | None], requirement: str = "EXIT-1") -> Row:
    made = [CaseResult(requirement, TARGET.name, f"case {n}", *case) for n, case in enumerate(cases)]
    return result_rows.rows(TARGET, made)[requirement]


def explored(played: int, schedules: int | None, out_of_time: bool = False, inconclusive: int = 0) -> Judgement:
    """Return the verdict on an exploration without a finding."""
    one = PlayedSchedule(PlannedSchedule(Schedule(), None, ""), Evaluation("reaches the command"), True)
    unsure = PlayedSchedule(PlannedSchedule(Schedule(), None, ""), Evaluation(NOTHING_SENT), False)
    exploration = Exploration([one] * (played - inconclusive) + [unsure] * inconclusive, [], played, 1.0, out_of_time)
    plan = Plan([PlannedSchedule(Schedule(), None, "")] * schedules if schedules else iter(()), "")
    account = covered(SIG_6, surveyed(), plan, exploration)
    return verdict_of(SIG_6, TARGET, exploration, played, account, result_rows.FULL)


# -- how it comes about


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ("pass", "partial"), ("declared deviation", "partial"), ("not applicable", "partial"), ("partial", "partial"),
        ("not observable", "not observable"), ("unstable", "unstable"), ("error", "error"), ("fail", "fail"),
    ],
)  # fmt: skip
def test_a_requirement_with_a_partial_case_never_passes(other: Verdict, verdict: str) -> None:
    assert row((judgement(other), None), (judgement("partial"), None)).verdict == verdict


@pytest.mark.parametrize(
    ("verdict", "of_row"),
    [("pass", "partial"), ("fail", "fail"), ("error", "error"), ("not applicable", "not applicable")],
)
def test_a_pass_on_a_sample_is_partial(verdict: Verdict, of_row: str) -> None:
    assert row((judgement(verdict), SAMPLE), (judgement(verdict), SAMPLE)).verdict == of_row


def test_the_row_says_how_much_was_played() -> None:
    sampled = row((judgement("pass"), SAMPLE), (judgement("pass"), SAMPLE))
    assert sampled.reason == "a sample of 23 of 256 exit codes; --full plays all"
    cut = explored(135, 670)
    assert row((cut, None)).reason == WHY
    assert row((cut, None), (judgement("pass"), SAMPLE)).reason == f"{HOW_MUCH}; {sampled.reason}"
    several = [(judgement("partial", f"reason {n}"), None) for n in range(5)]
    assert row(*several).reason == "; ".join(f"reason {n}" for n in range(5))


def test_a_failure_on_a_sample_says_so_and_what_is_not_played_does_not() -> None:
    assert row((judgement("fail"), SAMPLE)).reason == "a sample of 23 of 256 exit codes; --full plays all"
    assert row((judgement("not applicable", "no profile"), SAMPLE)).reason == "no profile"


def test_a_declared_deviation_is_kept_in_a_partial_row() -> None:
    assert row((judgement("declared deviation", "on purpose"), None), (judgement("partial"), None)).violations


@pytest.mark.parametrize(
    ("made", "verdict", "reason"),
    [
        (explored(670, 670), "pass", ""),
        (explored(670, 670, out_of_time=True), "pass", ""),
        (explored(669, 670), "partial", "start: 669 of 670 schedules"),
        (explored(0, 670, out_of_time=True), "partial", "start: 0 of 670 schedules, then the time limit was reached"),
        (explored(135, 670, out_of_time=True), "partial", f"{HOW_MUCH}, then the time limit was reached"),
        (explored(135, None), "partial", "start: 135 schedules of an unlimited plan"),
        (explored(670, 670, inconclusive=335), "pass", ""),
        (explored(670, 670, inconclusive=336), "partial", "start: 670 of 670 schedules, 336 of them inconclusive"),
        (explored(670, 670, inconclusive=669), "partial", "start: 670 of 670 schedules, 669 of them inconclusive"),
        (explored(135, 670, inconclusive=3), "partial", f"{HOW_MUCH}, 3 of them inconclusive"),
    ],
)
def test_an_exploration_that_was_cut_is_partial(made: Judgement, verdict: str, reason: str) -> None:
    assert (made.verdict, made.reason) == (verdict, reason)
    assert made.explored
    is_left = made.verdict == "partial" and "time limit" not in reason and "670 of 670" not in reason
    assert made.rest == (result_rows.FULL if is_left else "")


def test_what_proctor_explore_was_cut_in_is_partial() -> None:
    account = Coverage("SIG-6", "start", ("deliver TERM",), 300, 1, 670)
    one = PlayedSchedule(PlannedSchedule(Schedule(), None, ""), Evaluation("reaches the command"), True)
    part = CampaignResult(SIG_6, None, account, Exploration([one], [], 1, 1.0, out_of_time=True))
    made = result_of(part, TARGET, "x").judgement
    assert made.verdict == "partial"
    assert made.reason.startswith("start: 1 of 670 schedules, then the time limit was reached; only explored")
    assert part.is_cut_short and for_programs(part, TARGET)["is_whole"] is False
    unsure = msgspec.structs.replace(account, schedules=1, inconclusive=1)
    assert (part._replace(told=unsure).is_cut_short, part._replace(told=unsure).is_inconclusive) == (False, True)
    stopped = result_of(part._replace(is_interrupted=True), TARGET, "x").judgement
    assert (stopped.verdict, "interrupted" in stopped.reason) == ("partial", True)


# -- how much is played


def test_the_number_of_schedules_is_a_function_of_the_launcher() -> None:
    found = surveyed()
    births = tuple(site for site in found.sites if site.point.call == BIRTH)
    others = tuple(site for site in found.sites if site.point.call != BIRTH)

    def most(extent: Extent, points: int = len(others), processes: int = 0) -> int | None:
        sites = (*(others * points)[:points], *births[:1] * (2 + processes))
        return extent.executions(found._replace(sites=sites), SIG_6.scenario)

    assert most(Extent(1.65), 506, processes=2) >= 670  # type: ignore[operator]  # uv: all
    assert most(Extent(0.93), 506, processes=40) < most(Extent(0.93), 506) / 5  # type: ignore[operator]
    assert most(Extent(0.93), 4000) < 150  # type: ignore[operator]
    assert most(Extent(0.93), 80) >= 20 * most(Extent(0.93, is_slow=True), 80)  # type: ignore[operator]
    assert most(Extent(0.93, is_slow=True), 700) == 34
    assert most(Extent(0.93, waits=2), 700) == 9
    assert most(Extent(0.001, is_slow=True)) == FEWEST
    assert most(Extent()) is None
    assert most(Extent(None, is_slow=True)) is None
    assert most(Extent(0.93, schedules=7)) == most(Extent(None, schedules=7)) == 7
    kinds = ("start", "creation", "creation, cold")
    numbers = [Extent(0.3).executions(found, campaign_named(kind).scenario) or 0 for kind in kinds]
    assert numbers == sorted(set(numbers), reverse=True)  # an environment costs more, and making one still more
    assert numbers[2] == Extent(0.3).executions(found, campaign_named("sync, again").scenario)


def test_a_finding_is_replayed_less_often_where_each_replay_waits() -> None:
    found, scenario = surveyed(), SIG_6.scenario
    replays = [Extent(0.93, waits=waits).replays_of(found, scenario) for waits in (0, 1)]
    assert replays == [REPLAYS, REPLAYS_WITH_LONG_WAITS]
    assert Extent(0.93, is_slow=True).replays_of(found, scenario) == REPLAYS_IF_COSTLY
    assert Extent(None, waits=1).replays_of(found, scenario) == REPLAYS  # --full


# -- every report


def partial(name: str = "sound") -> Results:
    made = results(name, SIG_6="partial", TREE_6="not applicable")
    rows = {**made.requirements, "SIG-6": msgspec.structs.replace(made.requirements["SIG-6"], reason=WHY)}
    return msgspec.structs.replace(made, requirements=rows)


def test_the_counts_name_it() -> None:
    told_in_line = counts(partial().requirements)
    passed = sum(r.verdict == "pass" and r.is_mandatory for r in partial().requirements.values())
    assert f"{passed} pass" in told_in_line and "1 partial" in told_in_line


def test_markdown_shows_it_with_how_much() -> None:
    text = summary([partial()])
    assert "| SIG-6 | MUST | ◐ |" in text and "◐ partial" in text
    assert "### Partial" in text and "135 of 670 schedules" in text
    assert "### Partial" not in summary([results("whole")])


def test_the_page_has_a_mark_of_its_own() -> None:
    page = "".join(parts(html([partial()], lambda _: "")))
    assert MARK_OF_VERDICT["partial"] == "partial"
    symbols = [symbol for mark, (symbol, _) in LEGEND.items() if mark not in ("fail", "should")]
    assert len(set(symbols)) == len(symbols)
    assert '<span class="m m-partial" aria-hidden="true">◐</span>' in page
    assert 'name="mark" value="partial"' in page
    assert WHY in page and "Partial: nothing was found" in page


def test_the_colours_of_its_mark_have_enough_contrast() -> None:
    """WCAG 2, 1.4.3: 4.5 to 1, in the light and in the dark."""
    tokens = (ROOT / "reports" / "html" / "assets" / "tokens.css").read_text(encoding="utf-8")

    def colours(name: str) -> list[str]:
        line = next(line for line in tokens.splitlines() if line.strip().startswith(f"--{name}:"))
        return line.partition("light-dark(")[2].partition(")")[0].split(", ")

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for ink, wash in zip(colours("part-ink"), colours("part-wash"), strict=True):
        high, low = sorted((luminance(ink), luminance(wash)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_junit_skips_it_with_the_reason() -> None:
    root = ElementTree.fromstring(junit([partial()]))
    (case,) = (one for one in root.iter("testcase") if one.get("name") == "SIG-6")
    (skipped,) = (child for child in case if child.tag == "skipped")
    assert (skipped.get("type"), skipped.get("message")) == ("partial", WHY)
    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_the_badge_does_not_count_it_as_passed() -> None:
    musts = [r for r in partial().requirements.values() if r.is_mandatory and r.verdict in ("pass", "partial")]
    whole, cut = badge(results("whole", TREE_6="not applicable")), badge(partial())
    assert f"{len(musts) - 1} of {len(musts)} MUST, 1 partial" in cut
    assert f"{len(musts)} of {len(musts)} MUST<" in whole
    assert "#2e7d32" in whole and "#2e7d32" not in cut and "#b3261e" not in cut


def violated() -> Row:
    return Row("MUST", "fail", 1, "", [RowViolation("SIG-6/wrong", {}, message="orphan")])


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("pass", "partial", "other"), ("fail", "partial", "other"), ("partial", "fail", "worse"),
        ("partial", "pass", "other"), ("not run", "partial", None), ("not observable", "partial", "other"),
    ],
)  # fmt: skip
def test_the_gate(before: Verdict, after: Verdict, kind: str | None) -> None:
    rows = {"fail": violated(), "partial": Row("MUST", "partial", 1, WHY)}

    def document(verdict: Verdict) -> Results:
        made = results("x")
        return msgspec.structs.replace(made, requirements={"SIG-6": rows.get(verdict, Row("MUST", verdict))})

    found = changes(document(before), document(after))
    assert [change.kind for change in found] == ([kind] if kind else [])
    assert is_worse(found) == (kind == "worse")
    assert no_longer_fails(found) == []
    if kind and after == "partial":
        assert f"{before} -> partial: {WHY}" in "\n".join(told(found))


def test_results_with_it_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    cases = [CaseResult("SIG-6", TARGET.name, "start", explored(135, 670))]
    result_rows.write(path, [result_rows.document(TARGET, "1", cases, 1.0, "")])
    (back,) = read(path)
    assert (back.requirements["SIG-6"].verdict, back.requirements["SIG-6"].reason) == ("partial", WHY)
    assert json.loads(path.read_text())["summary"]["MUST"]["partial"] == 1
    assert requirements()["SIG-6"].is_mandatory
