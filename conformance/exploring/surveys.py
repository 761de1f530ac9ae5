"""What a campaign needs before its first schedule: the survey of the launcher, and the history to compare with."""

from __future__ import annotations

import msgspec

from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.judging.judge import Bare
from proctor.harness.explorer.survey import Play, Survey, survey
from proctor.harness.history import History, Snapshot, TempFilesLeft
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

UNDISTURBED = 3
"""Executions to learn what a launcher leaves behind."""


class Surveys:
    """Surveys of launchers, each with the history to compare with. One is made for all campaigns with the same
    scenario."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[History, Survey]] = {}

    def of(self, campaign: Campaign, target: Target, bare: Bare, play: Play) -> tuple[History, Survey, int]:
        """Return the history to compare with, the survey, and how many executions the survey took: 0 for a kept one."""
        key = msgspec.json.encode(
            (target, campaign.scenario, campaign.compared_with, bool(campaign.failing)), order="deterministic"
        )
        if key in self._kept:
            return *self._kept[key], 0
        alone, found = measure_of(campaign, target, bare, play), survey(play, campaign.scenario, bool(campaign.failing))
        self._kept[key] = alone, found
        return alone, found, found.executions


def measure_of(campaign: Campaign, target: Target, bare: Bare, play: Play) -> History:
    """Return the history with which those of a campaign are compared."""
    if campaign.compared_with == "undisturbed":
        return play(campaign.scenario, Schedule())
    alone, _ = bare.of(target, campaign.scenario)
    return with_what_is_left(alone, play, campaign.scenario)


def with_what_is_left(bare: History, play: Play, scenario: Scenario) -> History:
    """Return the baseline of explored executions: the bare command's history, with the processes and files in TMPDIR
    that an undisturbed launcher leaves. TREE-1 judges whether it may leave them. Of several executions the one that
    leaves most counts, because a process may sometimes end before the last look."""
    undisturbed = max((play(scenario, Schedule()) for _ in range(UNDISTURBED)), key=_count_left)
    end = [event for event in undisturbed.events if isinstance(event.fact, Snapshot) and event.fact.when == "end"]
    kept = [event for event in bare.events if not (isinstance(event.fact, Snapshot) and event.fact.when == "end")]
    files = [event for event in undisturbed.events if isinstance(event.fact, TempFilesLeft)]
    return msgspec.structs.replace(bare, events=(*kept, *end, *files))


def _count_left(history: History) -> int:
    left = sum(len(fact.paths) for fact in history.facts(TempFilesLeft))
    return left + sum(len(look.processes) for look in history.facts(Snapshot) if look.when == "end")
