"""How much of a campaign the suite plays: a number of schedules that depends on the launcher alone, not on the load.

What an execution costs is estimated in points, from what is the same in each run: the points that the launcher passes,
whether it is slow, and what the scenario makes. Times are those of an idle machine in 2026; no clock decides.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from proctor.harness.calls import BIRTH
from proctor.harness.explorer.explore import REPLAYS
from proctor.harness.explorer.survey import Survey
from proctor.harness.scenario import Scenario

WORK = 480_000
"""Points that all executions of a share of 1 may pass: 20 s, at 24,000 a second."""
EXECUTION = 100
"""What an execution costs besides its points: 4 ms."""
THREAD = 150
"""What it costs more for each thread that the launcher makes: 6 ms, until all threads are at rest. Programs of Go make
four, of Node ten."""
PROCESS = 130
"""What it costs more for each process that the launcher makes besides the command: 5 ms. A shell script may make 40."""
SLOW = 12_000
"""What it costs more for a slow launcher, which computes between two points: 0.5 s."""
WAITS = 24_000
"""What it costs more for each second that an execution waits for timers of the launcher."""
REPLAYS_WITH_LONG_WAITS = 3
"""Replays of a finding where each of them waits for timers: as many as of cases that are not explored."""
WITH_ENVIRONMENT = 2_400
"""What it costs more if the launcher's environment is used and its files are compared: 0.1 s."""
MAKES_ENVIRONMENT = 8_000
"""The same if each execution makes or prunes an environment: 0.33 s."""
PLAIN = 2
"""The processes of a launcher that makes none but its command."""
FEWEST = 2
"""Schedules that are played in any case; of an environment one for each kind of points."""
COSTLY = 12_000
"""What an execution costs, from which on a finding is replayed fewer times, and ends a campaign: half a second."""
REPLAYS_IF_COSTLY = 5
LONGEST = 600.0
"""Seconds for one campaign, as a safety limit. No campaign takes a tenth of this on an idle machine."""


class Extent(NamedTuple):
    """How much of a campaign is played. share: of the work for one launcher, None for all schedules. is_slow: whether
    the launcher is slow. schedules: the number of schedules, if it is set; seconds: the time limit. waits: the seconds
    that each execution waits for timers of the launcher."""

    share: float | None = None
    is_slow: bool = False
    schedules: int | None = None
    seconds: float = float("inf")
    waits: int = 0

    def replays_of(self, survey: Survey, scenario: Scenario) -> int:
        """Return how often a finding is replayed."""
        if self.share is None:
            return REPLAYS
        few = REPLAYS_IF_COSTLY if self.is_costly(survey, scenario) else REPLAYS
        return REPLAYS_WITH_LONG_WAITS if self.waits else few

    def is_costly(self, survey: Survey, scenario: Scenario) -> bool:
        """Whether each execution takes so long that one finding is enough."""
        return self.share is not None and self._cost(survey, scenario) > COSTLY

    def executions(self, survey: Survey, scenario: Scenario, kinds: int = 0) -> int | None:
        """Return how many executions a campaign may take; None if there is no limit. kinds: of points, where these are
        tried by kinds."""
        if self.schedules is not None or self.share is None:
            return self.schedules
        return max(FEWEST, kinds, int(self.share * WORK / self._cost(survey, scenario)))

    def _cost(self, survey: Survey, scenario: Scenario) -> int:
        threads, processes = _made(survey)
        cost = EXECUTION + len(survey.sites) + THREAD * threads + PROCESS * processes
        return cost + SLOW * self.is_slow + WAITS * self.waits + _cost_of_environment(scenario)


def _made(survey: Survey) -> tuple[int, int]:
    """Return how many threads the launcher and its children make, and how many processes besides the first and the
    command."""
    births = Counter("." in site.point.task for site in survey.sites if site.point.call == BIRTH)
    return births[True], max(0, births[False] - PLAIN)


def _cost_of_environment(scenario: Scenario) -> int:
    """Return what an execution costs for the launcher's environment, in points."""
    if scenario.stage.home in ("cold", "stale") or scenario.invoke != "run":
        return MAKES_ENVIRONMENT
    return WITH_ENVIRONMENT if scenario.command == "tool" else 0
