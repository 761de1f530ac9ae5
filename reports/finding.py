"""What a report about one finding is made from: plain data."""

from __future__ import annotations

from typing import NamedTuple

from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target
from proctor.harness.violation import Violation


class FindingSummary(NamedTuple):
    """One finding.

    check: the name of the check, as in case files. objections: what the check found. versions: of the launcher, of
    Proctor and of the system. timeline: what happened, a line for each event, where it is known. counts: how often the
    command may receive each signal of a generated scenario: (signal number, fewest, most). programs: as in case files.
    """

    requirement: str
    level: str
    sentence: str
    check: str
    target: Target
    scenario: Scenario
    schedule: Schedule
    objections: tuple[Violation, ...]
    versions: dict[str, str]
    timeline: tuple[str, ...] = ()
    counts: tuple[tuple[int, int, int], ...] = ()
    programs: tuple[tuple[str, ...], ...] = ()
