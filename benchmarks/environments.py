"""Part `environments`: how fast the making of an environment is explored, and how long a complete sweep would take."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from benchmarks.table import Options, TableRow, installed, shown
from proctor.conformance.exploring.campaigns import campaign_named, campaigns
from proctor.conformance.exploring.shared_plays import is_alike
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.harness.target import Target

LAUNCHERS = ("launcher-with", "uv-sync", "pip-venv")
SECONDS = 60.0
"""For the schedules of one launcher; the one that has begun is finished."""


def environments(options: Options) -> Iterator[TableRow]:
    """Play schedules of a first sync, in the order of the suite, for a while; nothing is shrunk or replayed."""
    os.environ["PROCTOR_WORKER"] = "0"
    targets, missing = installed(*LAUNCHERS)
    yield from missing
    campaign = campaign_named("sync")
    for target in targets:
        judged = sum(is_alike(one, campaign) and not one.why_not(target) for one in campaigns())
        size, played, seconds = play(target, SECONDS / 6 if options.quick else SECONDS)
        measured = f"{played / seconds:.2f} schedules a second by one worker, each judged for {judged} requirements"
        yield TableRow(
            f"first sync, {shown(target)}", f"{measured}; all {size} would take {size * seconds / played / 3600:.1f} h"
        )


def play(target: Target, limit: float) -> tuple[int, int, float]:
    """Return the number of schedules of a first sync, how many of them were played, and the seconds that this took."""
    campaign = campaign_named("sync")
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    explorer = explorer_for(target, campaign, 1)
    assert plan.size
    played, began = 0, time.perf_counter()
    for planned in plan.planned:
        explorer.play_one(planned)
        played += 1
        if time.perf_counter() - began >= limit:
            break
    return plan.size, played, time.perf_counter() - began
