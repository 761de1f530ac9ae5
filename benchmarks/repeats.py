"""Part `repeats`: the same schedule again and again. The verdict has to be the same; how much else is, is said."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from benchmarks.table import NO_UV, Asked, Row, installed, shown, uv_run
from proctor.conformance.exploring.campaigns import Campaign, campaign_named
from proctor.conformance.exploring.worker_pool import survey_of
from proctor.conformance.judging.judge import Bare
from proctor.harness.execute import execute, stop
from proctor.harness.explorer.explore import Evaluation, Predicate
from proctor.harness.history import Event, History
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

Order = tuple[tuple[str, str], ...]
"""The types of facts with who or which point each is about, as they come in a history."""


OUR_NOTES = ("Waited", "Settled")
"""Facts about our own waiting: where they stand says nothing of the launcher."""


class Repeated(NamedTuple):
    """What came of one schedule: how often which verdict, and which order of events, with our own notes and without."""

    verdicts: Counter[tuple[str, bool]]
    orders: Counter[Order]
    observed: Counter[Order]


def other(orders: Counter[Order]) -> int:
    """Return how many histories have another order than the most frequent one."""
    return orders.total() - orders.most_common(1)[0][1]


def first_difference(orders: Counter[Order]) -> str:
    """Say where the second most frequent order leaves the first."""
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
    """Return the first schedule that is objected to, where there is none the first of all, and the last that is not: a
    late one has the most before it that could differ."""
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
    """Play one schedule so many times."""
    verdicts: Counter[tuple[str, bool]] = Counter()
    orders: Counter[Order] = Counter()
    observed: Counter[Order] = Counter()
    for _ in range(times):
        history = execute(target, campaign.scenario, schedule)
        opinion: Evaluation = predicate(history)
        verdicts[opinion.label, bool(opinion.objections)] += 1
        order = order_of(history)
        orders[order] += 1
        observed[tuple(fact for fact in order if fact[0] not in OUR_NOTES)] += 1
    return Repeated(verdicts, orders, observed)


def repeats(asked: Asked) -> Iterator[Row]:
    """Repeat a finding's schedule and a harmless one on each of five launchers."""
    os.environ["PROCTOR_WORKER"] = "0"
    stop()
    times = 30 if asked.quick else 200
    targets, missing = installed("timeout", "dumb-init", "tini", "./launcher")
    yield from missing
    uv = uv_run(asked)
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
    with_notes = sum(other(repeated.orders) for repeated in everything)
    without = sum(other(repeated.observed) for repeated in everything)
    total = times * len(everything)
    yield Row("all", f"another order than most of their kind: {with_notes} of {total}, without our notes {without}")


def _row(name: str, repeated: Repeated, times: int) -> Row:
    told = ", ".join(f"{label} {count}" for (label, _), count in repeated.verdicts.most_common())
    with_notes, without = 100 * other(repeated.orders) / times, 100 * other(repeated.observed) / times
    said = f"{told}; another order: {with_notes:.1f} %, without our notes {without:.1f} %"
    if len(repeated.observed) > 1:
        said += f" ({first_difference(repeated.observed)})"
    same = len({objected for _, objected in repeated.verdicts}) == 1
    return Row(name, said, f"{times} same", same)
