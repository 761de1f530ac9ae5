"""The case: what a test of the suite calls with its scenario and its check."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from conformance import casefile, report
from conformance.campaigns import Campaign
from conformance.casefile import CaseFile, versions
from conformance.explored import judge_campaign
from conformance.judge import REPLAYS, REPLAYS_ONCE_CONFIRMED, Check, Claims, Judgement, judge
from conformance.naming import name_of, named
from conformance.results import CaseResult
from conformance.spec import Requirement, requirements
from conformance.suite import Suite
from harness import execute as door
from harness.errors import ProctorError
from harness.scenario import Scenario
from harness.schedule import parse
from harness.target import Target

PROPERTY = "proctor"
"""The name under which a test carries the result of its case, from a worker too."""


class Case:
    """Called by a case with its scenario and its check: plays, judges, and notes the verdict."""

    def __init__(self, suite: Suite, item: pytest.Item, target: Target) -> None:
        self._suite, self._item = suite, item
        self.target = target

    def __call__(
        self, scenario: Scenario, check: Check, claims: Claims = (), measure: Scenario | None = None
    ) -> None:  # fmt: skip
        """Judge one scenario; end the test by how that came out. claims, measure: as in judge()."""
        mark = self._item.get_closest_marker("requirement")
        if mark is None:
            raise ProctorError(f"{self._item.nodeid} names no requirement: mark it @requirement(ID)")
        requirement = requirements()[mark.args[0]]
        judgement = self._judge(requirement, scenario, check, claims, measure)
        file = self._kept(requirement, judgement, name_of(check), scenario, measure)
        self._conclude(requirement, judgement, file)

    def pinned(self, pinned: CaseFile) -> None:
        """Judge the scenario of a case file for the requirement that it names. What is not objected to passes here, but
        counts for nothing: whether the requirement applies, and can be observed, is for its own cases to say."""
        requirement = requirements()[pinned.requirement]
        check = named(pinned.check, self.target, pinned.requirement)
        judgement = self._judge(requirement, pinned.scenario, check, (), pinned.measure)
        if judgement.violations or judgement.verdict == "error":
            file = self._kept(requirement, judgement, pinned.check, pinned.scenario, pinned.measure)
            self._conclude(requirement, judgement, file)

    def explore(self, campaign: Campaign, share: float, beside: bool = False) -> None:
        """Explore with this share of the budget, and judge; end the test by how that came out. beside: the requirement
        has cases that need no explorer, which stand by themselves where nothing can be traced."""
        requirement = requirements()[campaign.requirement]
        seconds = self._suite.explore_budget * share
        if not seconds:
            pytest.skip("left out: --explore-budget=0")
        judgement = judge_campaign(campaign, self.target, door.execute, self._suite.bare, seconds)
        if beside and judgement.verdict == "not observable":
            pytest.skip(judgement.reason)
        self._conclude(requirement, judgement, self._kept(requirement, judgement, campaign.name, campaign.scenario))

    def _kept(
        self, requirement: Requirement, judgement: Judgement, check: str, scenario: Scenario,
        measure: Scenario | None = None,
    ) -> str:  # fmt: skip
        """Keep what was found as a case file where that is wanted; return its path, else ""."""
        if judgement.verdict != "fail" or not self._suite.keep_cases:
            return ""
        objections = tuple(map(str, judgement.violations))
        case = CaseFile(
            schema=1, requirement=requirement.id, check=check, target=self.target, scenario=scenario,
            objections=objections, versions=versions(self._suite.probes[self.target.name].version),
            schedule=parse(judgement.schedule), measure=measure,
        )  # fmt: skip
        try:
            return str(casefile.write(case, Path(self._suite.keep_cases)))
        except OSError as error:
            return f"which could not be kept ({error.strerror})"

    def _conclude(self, requirement: Requirement, judgement: Judgement, file: str) -> None:
        sampled = bool(self._item.get_closest_marker("over")) and self._suite.takes_samples(self.target)
        result = CaseResult(requirement.id, self.target.name, self._item.name, judgement, sampled, file)
        self._item.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
        verdict = judgement.verdict
        if verdict in ("not applicable", "not observable", "declared deviation"):
            pytest.skip(judgement.reason)
        if verdict != "pass":
            pytest.fail(report.explain(result, requirement, self._suite.asked[self.target.name]), pytrace=False)

    def _judge(
        self, requirement: Requirement, scenario: Scenario, check: Check, claims: Claims, measure: Scenario | None
    ) -> Judgement:  # fmt: skip
        suite = self._suite
        known = (self.target.name, requirement.id) in suite.failed
        replays = REPLAYS_ONCE_CONFIRMED if known else REPLAYS
        judgement = judge(requirement, self.target, scenario, check, door.execute, suite.bare, replays, claims, measure)
        if judgement.verdict == "fail":
            suite.failed.add((self.target.name, requirement.id))
        return judgement
