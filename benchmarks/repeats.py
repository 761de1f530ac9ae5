"""Part `repeats`: executes the same schedule many times. The verdict must be the same; the order of events is
reported."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from benchmarks.table import NO_UV, Options, TableRow, installed, shown, uv_run
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.worker_pool import survey_of
from proctor.conformance.judging.judge import Bare
from proctor.harness.execute import execute, stop
from proctor.harness.explorer.explore import Evaluation, Predicate
from proctor.harness.history import Event, History, SettleEnded, WaitEnded
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

Order = tuple[tuple[str, str], ...]
"""The facts of a history in order: the type of each, and the process or point it is about."""


RUNNER_NOTES = (WaitEnded.__name__, SettleEnded.__name__)
"""Facts about the runner's own waiting. Their position says nothing about the launcher."""


class Repeated(NamedTuple):
    """The results of one schedule: how often each verdict occurred, and each order of events with and without the
    runner's own notes."""

    verdicts: Counter[tuple[str, bool]]
    orders: Counter[Order]
    observed: Counter[Order]


def deviating(orders: Counter[Order]) -> int:
    """Return the number of histories whose order is not the most frequent one."""
    return orders.total() - orders.most_common(1)[0][1]


def first_difference(orders: Counter[Order]) -> str:
    """Describe the first difference between the two most frequent orders."""
    one, two = (order for order, _ in orders.most_common(2))
    pairs = zip_longest(one, two, fillvalue=("nothing", ""))
    number, (usual, unusual) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    return f"event {number} is '{' '.join(unusual).strip()}', else '{' '.join(usual).strip()}'"


def order_of(history: History) -> Order:
    """Return the order of events, without times and pids."""
    return tuple((type(event.fact).__name__, _about(event)) for event in history.events)


def _about(event: Event) -> str:
    fact = event.fact
    at = getattr(fact, "at", None) or getattr(fact, "directive", None)
    if at is not None and not isinstance(at, float):
        return str(at)
    return str(getattr(fact, "process", "") or getattr(fact, "what", "") or event.source)


def two_schedules(target: Target, campaign: Campaign, predicate: Predicate) -> dict[str, Schedule]:
    """Return the first rejected schedule, or else the first schedule, and the last accepted one. A late schedule has
    the most events before it that could differ."""
    finding: Schedule | None = None
    harmless: list[Schedule] = []
    for planned in campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False).planned:
        if not predicate(execute(target, campaign.scenario, planned.schedule)).objections:
            harmless.append(planned.schedule)
        elif finding is None:
            finding = planned.schedule
    first = {"finding": finding} if finding else {"harmless, early": harmless[0]}
    return {**first, "harmless": harmless[-1]}


def repeat(target: Target, campaign: Campaign, predicate: Predicate, schedule: Schedule, times: int) -> Repeated:
    """Execute one schedule this many times."""
    verdicts: Counter[tuple[str, bool]] = Counter()
    orders: Counter[Order] = Counter()
    observed: Counter[Order] = Counter()
    for _ in range(times):
        history = execute(target, campaign.scenario, schedule)
        evaluation: Evaluation = predicate(history)
        verdicts[evaluation.label, bool(evaluation.objections)] += 1
        order = order_of(history)
        orders[order] += 1
        observed[tuple(fact for fact in order if fact[0] not in RUNNER_NOTES)] += 1
    return Repeated(verdicts, orders, observed)


def repeats(options: Options) -> Iterator[TableRow]:
    """Repeat a finding's schedule and a harmless one on each of five launchers."""
    os.environ["PROCTOR_WORKER"] = "0"
    stop()
    times = 30 if options.quick else 200
    targets, missing = installed("timeout", "dumb-init", "tini", "./launcher")
    yield from missing
    uv = uv_run(options)
    everything = []
    for target in [*targets, *([uv] if uv else [])]:
        campaign = campaign_named("start", (signal.SIGTERM,))
        predicate = campaign.predicate(Bare(execute).of(target, campaign.scenario)[0])
        for kind, schedule in two_schedules(target, campaign, predicate).items():
            repeated = repeat(target, campaign, predicate, schedule, times)
            everything.append(repeated)
            yield _row(f"{shown(target)}, {kind}", repeated, times)
    if not uv:
        yield NO_UV
    with_notes = sum(deviating(repeated.orders) for repeated in everything)
    without = sum(deviating(repeated.observed) for repeated in everything)
    total = times * len(everything)
    yield TableRow(
        "all",
        f"another order than the most frequent one: {with_notes} of {total}, without the runner's notes {without}",
    )


def _row(name: str, repeated: Repeated, times: int) -> TableRow:
    verdicts = ", ".join(f"{label} {count}" for (label, _), count in repeated.verdicts.most_common())
    with_notes, without = 100 * deviating(repeated.orders) / times, 100 * deviating(repeated.observed) / times
    text = f"{verdicts}; another order: {with_notes:.1f} %, without the runner's notes {without:.1f} %"
    if len(repeated.observed) > 1:
        text += f" ({first_difference(repeated.observed)})"
    same = len({objected for _, objected in repeated.verdicts}) == 1
    return TableRow(name, text, f"{times} same", same)
