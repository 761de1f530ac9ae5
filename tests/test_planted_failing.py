"""The planted faults of the chapter FAULT: each is found by its campaign, and the sound launcher by none."""

from __future__ import annotations

import sys

import pytest

from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.exploring.campaigns import campaign_named, campaigns_of_any_launcher
from proctor.conformance.exploring.extent import Extent
from proctor.conformance.judging.judge import Bare, Judgement
from proctor.harness.execute import execute
from proctor.harness.target import Target
from tests.planted import Fault, faults, launchers

FAILING = faults("fault")
WITHOUT_TERMINAL = [one for one in campaigns_of_any_launcher() if one.failing and not one.name.endswith("terminal")]
SHARE = 0.25
"""As in the suite."""


def judged(launcher: Fault, campaign: Campaign) -> Judgement:
    words = launcher.command(sys.executable)
    return judge_campaign(campaign, Target(launcher.name, words), execute, Bare(execute), Extent(SHARE))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", FAILING, ids=lambda fault: fault.name)
def test_fault_is_found_by_its_campaign_and_by_no_other(fault: Fault) -> None:
    for campaign in WITHOUT_TERMINAL:
        judgement = judged(fault, campaign)
        if campaign.name == fault.campaign:
            assert judgement.verdict == "fail", judgement.reason
            assert judgement.returned == judgement.replays
        elif campaign.requirement not in fault.may_break and campaign.requirement != "FAULT-3":
            assert judgement.verdict in ("pass", "partial", "not applicable"), (campaign.name, judgement.violations)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("campaign", WITHOUT_TERMINAL, ids=lambda campaign: campaign.requirement)
def test_sound_launcher_has_none(campaign: Campaign) -> None:
    judgement = judged(launchers()["sound"], campaign)
    assert judgement.verdict in ("pass", "partial", "not applicable"), judgement.violations


def test_faults_name_campaigns_of_what_they_break() -> None:
    assert {campaign_named(fault.campaign).requirement == fault.breaks for fault in FAILING} == {True}
