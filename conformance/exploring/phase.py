"""What came of one campaign of `proctor explore`: for programs, and as a case of the results."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from proctor.conformance.exploring.campaign_verdict import verdict_of, with_bare
from proctor.conformance.exploring.campaigns import Campaign
from proctor.conformance.judging.casefile import CaseFile, versions
from proctor.conformance.judging.evidence import failure_of, replay_command
from proctor.conformance.judging.judge import Bare, Judgement
from proctor.conformance.judging.probe import probe
from proctor.conformance.judging.result_rows import CaseResult
from proctor.harness import execute as door
from proctor.harness.explorer.explore import Exploration, Finding
from proctor.harness.target import Target
from proctor.reports.coverage import Coverage


class CampaignResult(NamedTuple):
    """What came of one campaign. empty: why there was nothing to explore, with the verdict that this makes; told: what
    was explored; files: the case file of each finding."""

    campaign: Campaign
    empty: Judgement | None = None
    told: Coverage | None = None
    exploration: Exploration = Exploration([], [], 0, 0.0)
    is_interrupted: bool = False
    files: tuple[Path, ...] = ()

    @property
    def objected(self) -> int:
        """How many schedules were objected to."""
        return sum(bool(one.opinion.objections) for one in self.exploration.played)

    @property
    def unconfirmed(self) -> str:
        """What is said where it was interrupted before any of these was played again."""
        return f"{self.objected} of them were objected to, but not yet played again, so there is no finding"

    def breaks(self, target: Target) -> bool:
        """Whether something was found that the target does not declare."""
        found = any(finding.is_stable for finding in self.exploration.findings)
        return found and self.campaign.requirement not in target.deviations


def case_of(finding: Finding, campaign: Campaign, target: Target) -> CaseFile:
    """Return a finding as a case file."""
    return CaseFile(
        schema=1, requirement=campaign.requirement, check=campaign.name, target=target, scenario=campaign.scenario,
        schedule=finding.schedule, objections=finding.opinion.objections, versions=versions(probe(target).version),
    )  # fmt: skip


def result_of(part: CampaignResult, target: Target, asked: str) -> CaseResult:
    """Return what came of it as a case of the results. HarnessError where the bare command cannot be played."""
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
    if found.verdict == "pass":
        reason = "only what was explored: `proctor check` has its other cases"
        some = f"interrupted after {part.told.played} of {part.told.schedules or 'any number of'} schedules; "
        return msgspec.structs.replace(found, reason=(some if part.is_interrupted else "") + reason)
    return with_bare(found, part.campaign, target, Bare(door.execute))


def for_programs(part: CampaignResult, target: Target) -> dict[str, object]:
    """Return a campaign and its findings as --json prints them."""
    exploration, told = part.exploration, part.told
    findings = [
        {
            "label": finding.opinion.label, "objections": finding.opinion.objections,
            "schedule": str(finding.schedule).splitlines(), "returned": finding.returned, "replays": finding.replays,
            "is_stable": finding.is_stable, "declared": target.deviations.get(part.campaign.requirement, ""),
            "case": str(path),
        }
        for finding, path in zip(exploration.findings, part.files, strict=True)
    ]  # fmt: skip
    return {
        "requirement": part.campaign.requirement, "name": part.campaign.name,
        "why_not": part.empty.reason if part.empty else "", "coverage": str(told or ""),
        "schedules": len(exploration.played), "seconds": round(exploration.seconds, 3),
        "is_interrupted": part.is_interrupted, "map": msgspec.to_builtins(told.stretches) if told else [],
        "findings": findings,
    }  # fmt: skip
