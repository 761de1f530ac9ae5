"""The fixture `case`: a test of the suite calls it with a scenario and a check."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from proctor.conformance.checks.common import launcher_is_command
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import SCHEMA, CaseFile, kept_objections, versions
from proctor.conformance.judging.check_names import name_of, named
from proctor.conformance.judging.evidence import failure_of
from proctor.conformance.judging.judge import REPLAYS, REPLAYS_ONCE_CONFIRMED, Check, Claims, Judgement, judge
from proctor.conformance.judging.result_rows import CaseResult, Sample
from proctor.conformance.spec import Requirement, requirements
from proctor.conformance.suite import failure_report
from proctor.conformance.suite.case_results import PROPERTY
from proctor.conformance.suite.suite import Suite
from proctor.conformance.suite.thinning import sample_of
from proctor.harness.errors import HarnessError, ProctorError
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import parse
from proctor.harness.target import Target


class Case:
    """Plays a scenario on one target, judges it, and records the verdict."""

    def __init__(self, suite: Suite, item: pytest.Item, target: Target) -> None:
        self._suite, self._item = suite, item
        suite.timer.watch(item)
        self.target = target

    def __call__(
        self, scenario: Scenario, check: Check, claims: Claims = (), compared_with: Scenario | None = None
    ) -> None:  # fmt: skip
        """Judge one scenario; pass, skip or fail the test by its verdict. claims, compared_with: as in judge()."""
        mark = self._item.get_closest_marker("requirement")
        if mark is None:
            raise ProctorError(f"{self._item.nodeid} has no requirement: mark it with @requirement(ID)")
        requirement = requirements()[mark.args[0]]
        judgement = self._judge(requirement, scenario, check, claims, compared_with)
        self._conclude(
            requirement, judgement, self._case_file(requirement, judgement, name_of(check), scenario, compared_with)
        )

    def pinned(self, pinned: CaseFile) -> None:
        """Judge the scenario of a case file for its requirement. Only a violation or an error is recorded: the
        requirement's own cases say whether it applies, and whether it can be observed."""
        requirement = requirements()[pinned.requirement]
        check = named(pinned.check, self.target, pinned.requirement)
        judgement = self._judge(requirement, pinned.scenario, check, (), pinned.compared_with)
        if judgement.violations or judgement.verdict == "error":
            case = self._case_file(requirement, judgement, pinned.check, pinned.scenario, pinned.compared_with)
            self._conclude(requirement, judgement, case)

    def explore(self, campaign: Campaign, share: float, has_other_cases: bool = False) -> None:
        """Explore with this share of the work for one launcher; pass, skip or fail the test by the verdict.
        has_other_cases: the requirement also has cases without the explorer, so it counts as observable where nothing
        can be traced, but what they show is partial."""
        requirement, suite = requirements()[campaign.requirement], self._suite
        if not suite.why_unexplored:
            extent = suite.extent(self.target, share)
            judgement = judge_campaign(
                campaign, self.target, suite.execute, suite.bare, extent, suite.surveys, suite.shared_plays.of
            )
        elif has_other_cases and not campaign.why_not(self.target):
            judgement = Judgement("not observable", reason=suite.why_unexplored)
        else:
            pytest.skip(f"not explored: {suite.why_unexplored}")
        if has_other_cases and judgement.verdict == "not observable":
            judgement = self._unexplored(campaign, judgement.reason)
        case = self._case_file(requirement, judgement, "", campaign.scenario, campaign=campaign.name)
        self._conclude(requirement, judgement, case)

    def _case_file(
        self, requirement: Requirement, judgement: Judgement, check: str, scenario: Scenario,
        compared_with: Scenario | None = None, campaign: str = "",
    ) -> CaseFile | None:  # fmt: skip
        """Return the case file of a violation; None without one."""
        if not judgement.violations:
            return None
        schedule = parse(judgement.schedule)
        return CaseFile(
            schema=SCHEMA, requirement=requirement.id, check=check, campaign=campaign, target=self.target,
            scenario=scenario,
            objections=kept_objections(judgement.violations),
            versions=versions(self._suite.probes[self.target.name].version), schedule=schedule,
            compared_with=compared_with, programs=casefile.programs_at_points(judgement.history, schedule),
            containment=self._suite.containment_of(self.target.name),
        )  # fmt: skip

    def _kept(self, judgement: Judgement, case: CaseFile | None) -> str:
        """Save the case file of a violation if --cases asks for it; return its path, else ""."""
        if judgement.verdict not in ("fail", "unstable") or not case or not self._suite.keep_cases:
            return ""
        try:
            return str(casefile.write(case, Path(self._suite.keep_cases)))
        except OSError as error:
            return f"not saved: {error.strerror}; check --cases={self._suite.keep_cases}"

    def _with_failure(self, result: CaseResult, case: CaseFile | None) -> CaseResult:
        """Return the result with the histories for reports, unless the suite already has a failure that is as short."""
        if not result.judgement.history:
            return result
        replay = self._suite.repeat_command(result)
        failure = failure_of(result.requirement, result.case, result.judgement, replay, case)
        key = (result.target, result.requirement, result.judgement.verdict)
        if failure.length >= self._suite.shortest_failures.get(key, sys.maxsize):
            return result
        self._suite.shortest_failures[key] = failure.length
        return msgspec.structs.replace(result, failure=failure)

    def _unexplored(self, campaign: Campaign, why: str) -> Judgement:
        """Return the verdict where a campaign cannot be explored, of a requirement that has other cases."""
        try:
            replaced = launcher_is_command(self._suite.execute(self.target, campaign.scenario))
        except HarnessError as error:
            return Judgement("error", reason=str(error))
        if replaced:
            return Judgement("not applicable", reason="the launcher has replaced itself with the command")
        return Judgement("partial", reason=f"{campaign.name}: not explored: {why}")

    def _sample(self) -> Sample | None:
        """Return the sample that this case is one of; None if the case is repeated over all values, or not at all."""
        if thinned := sample_of(self._item):
            return thinned
        mark = self._item.get_closest_marker("over")
        if mark is None:
            return None
        _, whole, part, what = mark.args
        played = len(self._suite.values(self.target, whole, part))
        return Sample(played, len(whole), what) if played < len(whole) else None

    def _conclude(self, requirement: Requirement, judgement: Judgement, case: CaseFile | None) -> None:
        file = self._kept(judgement, case)
        result = CaseResult(requirement.id, self.target.name, self._item.name, judgement, self._sample(), file)
        result = self._with_failure(result, case)
        judgement = msgspec.structs.replace(judgement, history=None, bare=None)  # they are long
        result = msgspec.structs.replace(result, judgement=judgement)
        self._item.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
        verdict = judgement.verdict
        if verdict in ("not applicable", "not observable", "declared deviation"):
            pytest.skip(judgement.reason)
        if verdict not in ("pass", "partial"):
            repeat = self._suite.repeat_command(result)
            pytest.fail(failure_report.explain(result, requirement, repeat), pytrace=False)

    def _judge(
        self, requirement: Requirement, scenario: Scenario, check: Check, claims: Claims, compared_with: Scenario | None
    ) -> Judgement:  # fmt: skip
        suite = self._suite
        known = suite.confirmed.has(self.target.name, requirement.id)
        replays = REPLAYS_ONCE_CONFIRMED if known else REPLAYS
        judgement = judge(
            requirement, self.target, scenario, check, suite.execute, suite.bare, replays, claims, compared_with
        )  # fmt: skip
        if judgement.verdict == "fail":
            suite.confirmed.add(self.target.name, requirement.id)
        return judgement
