"""Explores a campaign by the strategy `complete`, and says how complete that was."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from proctor.conformance.checks import moments
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import predicate_for
from proctor.conformance.exploring.surveys import measure_of
from proctor.conformance.exploring.worker_pool import play_traced
from proctor.conformance.judging.judge import Bare
from proctor.harness import execute as door
from proctor.harness.errors import UsageError
from proctor.harness.explorer.complete import Account, CompleteSearch, stimuli_sets
from proctor.harness.explorer.explore import Exploration, Explorer, Finding, PlayedSchedule, select_suspects
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.schedule import Deliver, PressKey, Stimulated
from proctor.harness.target import Target
from proctor.reports.coverage import Coverage

NO_SIGNAL_POSSIBLE = "the launcher has ended, or replaced itself with the command, before a signal could be sent"
SHARE_OF_ESTIMATE = 0.25
"""Of the time limit, what the estimate may take where the limit was reached."""


class Completed(NamedTuple):
    """The result: what was played and found, how complete it is, and whether Ctrl-C ended it."""

    exploration: Exploration
    account: Account
    is_interrupted: bool


def explore_completely(
    target: Target, campaign: Campaign, most: int, seconds: float, replays: int, tell: Callable[[int], None]
) -> Completed:
    """Play one execution of each class for at most `seconds`, then replay what was found. most: signals at most.
    HarnessError if the harness fails."""
    play = partial(play_traced, target)
    measure = measure_of(campaign, target, Bare(door.execute), play)
    predicate = predicate_for(campaign, target, measure)
    explorer = Explorer(play, campaign.scenario, predicate, replays)
    search = CompleteSearch(play, campaign.scenario, campaign.part, stimuli_sets(_stimuli(campaign), most))
    start = time.monotonic()
    played: list[PlayedSchedule] = []
    findings: list[Finding] = []
    interrupted = out_of_time = False
    try:
        for one in search.visits():
            planned = PlannedSchedule(one.schedule, None, "order")
            played.append(PlayedSchedule(planned, predicate(one.history), True))
            tell(len(played))
            out_of_time = time.monotonic() - start > seconds
            if out_of_time:
                break
        if out_of_time:
            search.guess(time.monotonic() + SHARE_OF_ESTIMATE * seconds)
        findings += [explorer.confirm(suspect) for suspect in select_suspects(played)]
    except KeyboardInterrupt:
        interrupted = True
    executions = len(played) + search.account.redundant + explorer.executions
    exploration = Exploration(played, findings, executions, time.monotonic() - start, out_of_time)
    return Completed(exploration, search.account, interrupted)


def _stimuli(campaign: Campaign) -> list[Stimulated]:
    stimuli = [one for one in campaign.stimuli if isinstance(one, Deliver | PressKey)]
    if len(stimuli) < len(campaign.stimuli):
        raise UsageError(f"--strategy=complete: the campaign '{campaign.name}' calls the launcher a second time")
    return stimuli


def coverage_of(campaign: Campaign, completed: Completed) -> Coverage:
    """Return how much was explored, as the results file has it."""
    exploration, account = completed.exploration, completed.account
    stimuli = tuple(str(stimulus).removesuffix(" to launcher") for stimulus in campaign.stimuli)
    untold = (moments.NOTHING_SENT, moments.UNTOLD)
    inconclusive = sum(one.evaluation.label in untold for one in exploration.played)
    size = len(exploration.played) if account.is_complete else None
    return Coverage(
        campaign.requirement, campaign.name, stimuli, account.deepest, len(exploration.played), size,
        inconclusive=inconclusive, completeness=str(account),
    )  # fmt: skip
