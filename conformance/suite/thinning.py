"""Launchers of which each execution may wait for seconds: of each test function some cases, evenly spread, and more
workers, as the cores would be idle."""

from __future__ import annotations

import argparse
from collections import defaultdict

import pytest

from proctor.conformance.judging.result_rows import Sample
from proctor.conformance.spec import requirements
from proctor.conformance.suite.suite import MOST_WITH_LONG_WAITS, Suite, spread

WORKERS_WHERE_ALL_WAIT = 4
"""Workers in place of each that was asked for."""
PLAYED_WHOLE = ("group",)
"""Chapters of which all cases are played: few others are played on these launchers."""
_sample_key = pytest.StashKey[Sample]()


def use_idle_cores(suite: Suite, option: argparse.Namespace) -> None:
    """With xdist's -n, start more workers if each execution of all these launchers waits."""
    if getattr(option, "numprocesses", None) and all(suite.probes[target.name].waits for target in suite.judged):
        option.tx = option.tx * WORKERS_WHERE_ALL_WAIT


def thin_out(suite: Suite, items: list[pytest.Item]) -> None:
    """Take out cases that are not played. Those of one function and requirement differ in stage, signal or value."""
    groups: dict[tuple[str, str, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        target, mark = target_of(item), item.get_closest_marker("requirement")
        if mark and requirements()[mark.args[0]].chapter in PLAYED_WHOLE:
            continue
        if mark and target in suite.probes and suite.probes[target].waits and not suite.full:
            groups[target, item.nodeid.partition("[")[0], mark.args[0]].append(item)
    left_out: set[pytest.Item] = set()
    for group in groups.values():
        kept = spread(tuple(group), MOST_WITH_LONG_WAITS)
        if len(kept) < len(group):
            left_out |= set(group) - set(kept)
            for item in kept:
                item.stash[_sample_key] = Sample(len(kept), _whole(group), "cases")
    items[:] = [item for item in items if item not in left_out]


def _whole(group: list[pytest.Item]) -> int:
    """Return how many cases there are of a group, with those of values that were left out before."""
    mark = group[0].get_closest_marker("over")
    if mark is None:
        return len(group)
    _, whole, part, _ = mark.args
    return len(group) // len(spread(part, MOST_WITH_LONG_WAITS)) * len(whole)


def target_of(item: pytest.Item) -> str:
    """Return the name of the target of a case; "" for other tests."""
    parameters = getattr(item, "callspec", None)
    return str(parameters.params.get("case", "")) if parameters else ""


def sample_of(item: pytest.Item) -> Sample | None:
    """Return the sample that a case is one of, if its function was thinned out."""
    return item.stash.get(_sample_key, None)
