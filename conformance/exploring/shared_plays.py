"""Evaluates each history for all campaigns that play the same scenario: one that was played for SYNC-1 is not played
again for SYNC-2 and SYNC-3.
"""

from __future__ import annotations

import msgspec

from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import predicate_for
from proctor.conformance.exploring.campaigns import campaigns
from proctor.harness.explorer.explore import Evaluation, Predicate
from proctor.harness.history import History
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

Known = dict[Schedule, dict[str, tuple[Evaluation, bool]]]
"""By schedule and campaign, the evaluation of its history, and whether its points were reached."""


class SharedPlays:
    """The evaluations of one run of the suite, by target and scenario."""

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def of(self, campaign: Campaign, target: Target, compared_with: History) -> CampaignMemory | None:
        """Return what is known for a campaign; None where no other plays its scenario."""
        alike = [one for one in campaigns() if is_alike(one, campaign) and not one.why_not(target)]
        if len(alike) < 2:
            return None
        key = msgspec.json.encode((target, campaign.scenario), order="deterministic")
        predicates = {one.name: predicate_for(one, target, compared_with) for one in alike}
        return CampaignMemory(campaign.name, predicates, self._known.setdefault(key, {}))


def is_alike(one: Campaign, other: Campaign) -> bool:
    """Whether two campaigns play the same schedules, as far as their stimuli are the same."""
    mine, its = ((c.scenario, c.part, c.compared_with, c.rotated, c.failing) for c in (one, other))
    return mine == its and bool(one.shared or one.failing) and set(one.stimuli) <= set(other.shared)


class CampaignMemory:
    """What is known of the schedules of one campaign; see explore.Memory."""

    def __init__(self, name: str, predicates: dict[str, Predicate], known: Known) -> None:
        self._name, self._predicates, self._known = name, predicates, known

    def recall(self, schedule: Schedule) -> tuple[Evaluation, bool] | None:
        """Return the evaluation of a schedule that was played, and whether all of its points were reached."""
        return self._known.get(schedule, {}).get(self._name)

    def keep(self, schedule: Schedule, history: History, reached: bool) -> None:
        """Evaluate the history of a schedule for all campaigns."""
        self._known[schedule] = {name: (one(history), reached) for name, one in self._predicates.items()}
