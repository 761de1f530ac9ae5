"""Parts `sweep` and `workers`: how long it takes to explore a launcher, alone and with two workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.table import NO_UV, Asked, Row, installed, median, shown, uv_run
from proctor.conformance.exploring.campaigns import SIGNALS, Campaign, campaign_named
from proctor.conformance.exploring.worker_pool import WorkerPool, explorer_for, survey_of
from proctor.harness.execute import stop
from proctor.harness.explorer.explore import REPLAYS, suspects
from proctor.harness.explorer.sweep import Planned
from proctor.harness.target import Target

LIMITS = {"timeout": 2.0, "dumb-init": 2.0, "./launcher": 10.0, "uv run": 15.0}
AT_LEAST = 1.8
LONG_ENOUGH = 4.0
"""Seconds. A plan that one worker is through with sooner is repeated until it takes so long."""


class Swept(NamedTuple):
    """A sweep of TERM over the whole run. seconds: from a runner that is yet to be started to the last schedule;
    confirming: the shrinking and replaying of what was found, after that."""

    seconds: float
    confirming: float
    points: int
    executions: int
    unreached: int
    found: int


def sweep_of(target: Target) -> Swept:
    """Survey the launcher and deliver TERM at each of its points, of its start and of its end."""
    stop()
    seconds = confirming = 0.0
    points = executions = unreached = found = 0
    for name in ("start", "end"):
        began = time.perf_counter()
        campaign = campaign_named(name, (signal.SIGTERM,))
        explorer = explorer_for(target, campaign, REPLAYS)
        survey = survey_of(target, campaign)
        plan = campaign.plan(survey, "sweep", exhaustive=False)
        played = [explorer.try_one(planned) for planned in plan.planned]
        swept = time.perf_counter()
        points += sum(1 for _ in survey.of_part(campaign.part))
        executions += 1 + survey.executions + explorer.executions
        unreached += sum(not one.reached for one in played)
        found += sum(explorer.confirm(one).is_stable for one in suspects(played))
        seconds += swept - began
        confirming += time.perf_counter() - swept
    return Swept(seconds, confirming, points, executions, unreached, found)


def sweep(asked: Asked) -> Iterator[Row]:
    """Measure a complete sweep of one signal on each launcher, by one worker."""
    os.environ["PROCTOR_WORKER"] = "0"
    targets, missing = installed(*(name for name in LIMITS if name != "uv run"))
    yield from missing
    uv = uv_run(asked)
    for target in [*targets, *([uv] if uv else [])]:
        name = shown(target)
        swept = [sweep_of(target) for _ in range(1 if asked.quick else 3)]
        seconds, confirming = median([one.seconds for one in swept]), median([one.confirming for one in swept])
        last = swept[-1]
        measured = f"{seconds:.2f} s for {last.points} points, {last.executions} executions"
        measured += f" ({last.unreached} schedules whose point was not passed again)" if last.unreached else ""
        measured += f"; then {confirming:.2f} s to replay {last.found} findings" if last.found else "; nothing found"
        yield Row(f"sweep of TERM on {name}", measured, f"<= {LIMITS[name]:.0f} s", seconds <= LIMITS[name])
    if not uv:
        yield NO_UV


def plan_of(target: Target, campaign: Campaign) -> list[Planned]:
    """Return everything that can be planned for all four signals, as often as it takes to be worth sharing."""
    planned = list(campaign.plan(survey_of(target, campaign), "sweep", exhaustive=True).planned)
    explorer = explorer_for(target, campaign, 1)
    began = time.perf_counter()
    harmless = [one for one in planned if not explorer.try_one(one).opinion.objections]
    return harmless * max(1, round(LONG_ENOUGH / (time.perf_counter() - began)))


def seconds_of(crew: WorkerPool, campaign: Campaign, planned: list[Planned]) -> float:
    """Let a crew play a plan; return the seconds that took."""
    return crew.explore(campaign, iter(planned), float("inf"), lambda count: None)[0].seconds


def on_core(target: Target, campaign: Campaign, number: int) -> WorkerPool:
    """Return a single worker on the core of worker `number`: its runner is there before the crew asks for one."""
    stop()
    os.environ["PROCTOR_WORKER"] = str(number)
    explorer_for(target, campaign, 1)
    return WorkerPool(target, 1, 1)


def workers(asked: Asked) -> Iterator[Row]:
    """Measure two workers against one, which is on the one core and on the other in turn: with something else at work
    on its core it would compare badly with two. Findings are left out: a few of them, each replayed by one worker, are
    not what a sweep consists of."""
    targets, missing = installed("dumb-init", "./launcher")
    yield from missing
    campaign = campaign_named("start", SIGNALS)
    for target in targets:
        os.environ["PROCTOR_WORKER"] = "0"
        stop()
        planned = plan_of(target, campaign)
        both = WorkerPool(target, 2, 1)
        cold = seconds_of(both, campaign, planned)
        rounds = 2 if asked.quick else 6
        times = [
            (seconds_of(on_core(target, campaign, number % 2), campaign, planned), seconds_of(both, campaign, planned))
            for number in range(rounds)
        ]
        both.close()
        one, two = (min(seconds) for seconds in zip(*times, strict=True))
        measured = f"{one / two:.2f}: {len(planned)} schedules in {one:.1f} s by one, {two:.1f} s by two workers"
        measured += f" (least of {rounds}); the first time {max(0.0, cold - two):.1f} s more, to start them"
        yield Row(f"two workers on {shown(target)}", measured, f">= {AT_LEAST}", one / two >= AT_LEAST)
