"""What a report about one finding is made from: plain data, whoever found it."""

from __future__ import annotations

from typing import NamedTuple

from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target


class FindingSummary(NamedTuple):
    """One finding. check: by its name, as case files have it. objections: what it had against the launcher. versions:
    of the launcher, of Proctor and of the system. timeline: what happened, a line for each event, where it is known.
    counts: of a generated script, how often the command has to receive a signal at the least, and may at the most."""

    requirement: str
    level: str
    sentence: str
    check: str
    target: Target
    scenario: Scenario
    schedule: Schedule
    objections: tuple[str, ...]
    versions: dict[str, str]
    timeline: tuple[str, ...] = ()
    counts: tuple[tuple[int, int, int], ...] = ()
