"""The result of one campaign of `proctor explore`: as JSON, and as a case of the results file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import declared_by, verdict_of, with_bare
from proctor.conformance.judging.casefile import SCHEMA, CaseFile, kept_objections, programs_at_points, versions
from proctor.conformance.judging.evidence import failure_of, replay_command
from proctor.conformance.judging.judge import Bare, Judgement
from proctor.conformance.judging.probe import probe
from proctor.conformance.judging.result_rows import CaseResult
from proctor.harness import execute as door
from proctor.harness import settings
from proctor.harness.explorer.explore import Exploration, Finding
from proctor.harness.target import Target
from proctor.reports.coverage import Coverage

ONLY_EXPLORED = "only explored; `proctor check` runs its other cases"


class CampaignResult(NamedTuple):
    """The result of one campaign. empty: the judgement if there was nothing to explore; told: the coverage; files: the
    case file of each finding."""

    campaign: Campaign
    empty: Judgement | None = None
    told: Coverage | None = None
    exploration: Exploration = Exploration([], [], 0, 0.0)
    is_interrupted: bool = False
    files: tuple[Path, ...] = ()

    @property
    def objected(self) -> int:
        """The number of schedules with an objection."""
        return sum(bool(one.evaluation.objections) for one in self.exploration.played)

    @property
    def unconfirmed(self) -> str:
        """The text for an interruption before any of these schedules was replayed."""
        return f"{self.objected} schedules had a violation, but none was replayed, so there is no finding"

    @property
    def is_cut_short(self) -> bool:
        """Whether the time limit ended the campaign before its last schedule."""
        return self.told is not None and not self.is_interrupted and not self.told.is_played

    @property
    def is_inconclusive(self) -> bool:
        """Whether all schedules were played, nothing was found, and too many of them decide nothing."""
        told = self.told
        return told is not None and told.is_played and not told.is_whole and not self.exploration.findings

    @property
    def is_untested(self) -> bool:
        """Whether the time limit ended the campaign before its first schedule."""
        return bool(self.told) and not self.is_interrupted and not self.exploration.played

    def breaks(self, target: Target) -> bool:
        """Whether there is a finding that the target does not declare."""
        return any(one.is_stable and not declared_by(self.campaign, target, one) for one in self.exploration.findings)


def case_of(finding: Finding, campaign: Campaign, target: Target) -> CaseFile:
    """Return a finding as a case file."""
    return CaseFile(
        schema=SCHEMA, requirement=campaign.requirement, campaign=campaign.name, target=target,
        scenario=campaign.scenario, schedule=finding.schedule,
        objections=kept_objections(finding.evaluation.objections),
        versions=versions(probe(target).version), containment=settings.containment(),
        programs=programs_at_points(finding.history, finding.schedule),
    )  # fmt: skip


def result_of(part: CampaignResult, target: Target, asked: str) -> CaseResult:
    """Return the result as a case of the results file. HarnessError if the bare command cannot be played."""
    campaign = part.campaign
    judgement = part.empty or _judged(part, target)
    result = CaseResult(campaign.requirement, target.name, f"proctor explore: {campaign.name}", judgement)
    if not judgement.history:
        return result
    shown = next(f for f in part.exploration.findings if str(f.schedule) == judgement.schedule)
    replay = replay_command(asked, campaign.requirement, judgement.schedule)
    failure = failure_of(campaign.requirement, result.case, judgement, replay, case_of(shown, campaign, target))
    return msgspec.structs.replace(result, failure=failure)


def _judged(part: CampaignResult, target: Target) -> Judgement:
    assert part.told
    exploration = part.exploration
    if part.objected and not exploration.findings:
        return Judgement("unstable", exploration.executions, f"interrupted: {part.unconfirmed}", explored=part.told)
    found = verdict_of(part.campaign, target, exploration, exploration.executions, part.told)
    if found.verdict in ("pass", "partial"):
        reasons = [found.reason, "interrupted" if part.is_interrupted else "", ONLY_EXPLORED]
        return msgspec.structs.replace(found, reason="; ".join(filter(None, reasons)))
    return with_bare(found, part.campaign, target, Bare(door.execute))


def for_programs(part: CampaignResult, target: Target) -> dict[str, object]:
    """Return a campaign and its findings as --json prints them."""
    exploration, told = part.exploration, part.told
    findings = [
        {
            "label": finding.evaluation.label, "objections": finding.evaluation.objections,
            "schedule": str(finding.schedule).splitlines(), "returned": finding.returned, "replays": finding.replays,
            "is_stable": finding.is_stable,
            "declared": target.deviations.get(declared_by(part.campaign, target, finding), ""),
            "case": str(path),
        }
        for finding, path in zip(exploration.findings, part.files, strict=True)
    ]  # fmt: skip
    return {
        "requirement": part.campaign.requirement, "name": part.campaign.name,
        "why_not": part.empty.reason if part.empty else "", "coverage": str(told or ""),
        "schedules": len(exploration.played), "seconds": round(exploration.seconds, 3),
        "is_interrupted": part.is_interrupted, "is_whole": told is None or told.is_whole,
        "map": msgspec.to_builtins(told.stretches) if told else [],
        "findings": findings,
    }  # fmt: skip
