"""Parts `sweep` and `workers`: the time to explore a launcher, with one and with two workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.table import NO_UV, Options, TableRow, installed, median, shown, uv_run
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaigns import SIGNALS, campaign_named
from proctor.conformance.exploring.worker_pool import WorkerPool, explorer_for, survey_of
from proctor.harness.execute import stop
from proctor.harness.explorer.explore import REPLAYS, select_suspects
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.target import Target

LIMITS = {"timeout": 2.0, "dumb-init": 2.0, "./launcher": 10.0, "uv run": 15.0}
AT_LEAST = 1.8
LONG_ENOUGH = 4.0
"""Seconds. A plan that takes one worker less time is repeated."""


class Swept(NamedTuple):
    """A sweep of TERM over the whole run. seconds: from the start of the runner to the last schedule; confirming: the
    time for shrinking and replaying the findings afterwards."""

    seconds: float
    confirming: float
    points: int
    executions: int
    unreached: int
    found: int


def sweep_of(target: Target) -> Swept:
    """Survey the launcher and deliver TERM at each point of its start and of its end."""
    stop()
    seconds = confirming = 0.0
    points = executions = unreached = found = 0
    for name in ("start", "end"):
        began = time.perf_counter()
        campaign = campaign_named(name, (signal.SIGTERM,))
        explorer = explorer_for(target, campaign, REPLAYS)
        survey = survey_of(target, campaign)
        plan = campaign.plan(survey, "sweep", exhaustive=False)
        played = [explorer.play_one(planned) for planned in plan.planned]
        swept = time.perf_counter()
        points += sum(1 for _ in survey.points_of_part(campaign.part))
        executions += 1 + survey.executions + explorer.executions
        unreached += sum(not one.reached for one in played)
        found += sum(explorer.confirm(one).is_stable for one in select_suspects(played))
        seconds += swept - began
        confirming += time.perf_counter() - swept
    return Swept(seconds, confirming, points, executions, unreached, found)


def sweep(options: Options) -> Iterator[TableRow]:
    """Measure a complete sweep of one signal on each launcher, with one worker."""
    os.environ["PROCTOR_WORKER"] = "0"
    targets, missing = installed(*(name for name in LIMITS if name != "uv run"))
    yield from missing
    uv = uv_run(options)
    for target in [*targets, *([uv] if uv else [])]:
        name = shown(target)
        swept = [sweep_of(target) for _ in range(1 if options.quick else 3)]
        seconds, confirming = median([one.seconds for one in swept]), median([one.confirming for one in swept])
        last = swept[-1]
        measured = f"{seconds:.2f} s for {last.points} points, {last.executions} executions"
        measured += f" ({last.unreached} schedules did not reach their point again)" if last.unreached else ""
        measured += f"; then {confirming:.2f} s to replay {last.found} findings" if last.found else "; nothing found"
        yield TableRow(f"sweep of TERM on {name}", measured, f"<= {LIMITS[name]:.0f} s", seconds <= LIMITS[name])
    if not uv:
        yield NO_UV


def plan_of(target: Target, campaign: Campaign) -> list[PlannedSchedule]:
    """Return the exhaustive plan for all four signals, repeated until it is long enough to share between workers."""
    planned = list(campaign.plan(survey_of(target, campaign), "sweep", exhaustive=True).planned)
    explorer = explorer_for(target, campaign, 1)
    began = time.perf_counter()
    harmless = [one for one in planned if not explorer.play_one(one).evaluation.objections]
    return harmless * max(1, round(LONG_ENOUGH / (time.perf_counter() - began)))


def seconds_of(pool: WorkerPool, campaign: Campaign, planned: list[PlannedSchedule]) -> float:
    """Execute a plan with a pool of workers; return the seconds."""
    return pool.explore(campaign, iter(planned), float("inf"), lambda count: None)[0].seconds


def on_core(target: Target, campaign: Campaign, number: int) -> WorkerPool:
    """Return a pool of one worker on the core of worker `number`, with its runner already started."""
    stop()
    os.environ["PROCTOR_WORKER"] = str(number)
    explorer_for(target, campaign, 1)
    return WorkerPool(target, 1, 1)


def workers(options: Options) -> Iterator[TableRow]:
    """Compare two workers with one. The single worker alternates between the cores, so that a busy core does not
    distort the comparison. Findings are left out, because a single worker replays each of them."""
    targets, missing = installed("dumb-init", "./launcher")
    yield from missing
    campaign = campaign_named("start", SIGNALS)
    for target in targets:
        os.environ["PROCTOR_WORKER"] = "0"
        stop()
        planned = plan_of(target, campaign)
        both = WorkerPool(target, 2, 1)
        cold = seconds_of(both, campaign, planned)
        rounds = 2 if options.quick else 6
        times = [
            (seconds_of(on_core(target, campaign, number % 2), campaign, planned), seconds_of(both, campaign, planned))
            for number in range(rounds)
        ]
        both.close()
        one, two = (min(seconds) for seconds in zip(*times, strict=True))
        measured = f"{one / two:.2f}: {len(planned)} schedules in {one:.1f} s by one, {two:.1f} s by two workers"
        measured += f" (least of {rounds}); the first time {max(0.0, cold - two):.1f} s more, to start them"
        yield TableRow(f"two workers on {shown(target)}", measured, f">= {AT_LEAST}", one / two >= AT_LEAST)
