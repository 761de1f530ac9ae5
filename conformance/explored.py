"""Requirements that speak of ANY moment: what the explorer plays for each, and how it is judged."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

from conformance.checks import moments
from conformance.checks.common import NotApplicable, NotObservable, Violation
from conformance.stages import JOB, LEADER, PIPES
from harness.explorer.chance import chance
from harness.explorer.ends import ends
from harness.explorer.explore import Opinion, Predicate
from harness.explorer.pairs import pairs
from harness.explorer.survey import Survey
from harness.explorer.sweep import Planned, Stimulus, sweep
from harness.history import History
from harness.scenario import Ends, Order, Part, Scenario, Settle, Stage
from harness.schedule import Deliver, PressKey

Check = Callable[[History, History], list[Violation]]
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
STRATEGIES = ("sweep", "pairs", "ends", "random")
SEED = 1
CODE = 7
"""What the command ends with: not 0, not 1, which a launcher may end with for reasons of its own."""


def whole_run(stage: Stage) -> Scenario:
    """Return the scenario of all explorations: the command starts, rests, and ends; its end is part 2."""
    return Scenario((Settle(), Part(), Order(f"exit {CODE}"), Ends("command"), Ends("launcher")), stage)


def ends_at_once(stage: Stage) -> Scenario:
    """Return the scenario for what is explored without signals: the command ends as soon as it runs."""
    return Scenario((Order(f"exit {CODE}"), Ends("command"), Ends("launcher")), stage)


class Campaign(NamedTuple):
    """What is explored for one requirement: a scenario, a part of it, what is delivered there, the check."""

    name: str
    requirement: str
    scenario: Scenario
    part: int
    stimuli: tuple[Stimulus, ...]
    check: Check

    def plan(self, survey: Survey, strategy: str, exhaustive: bool) -> Plan:
        """Return the schedules of one strategy."""
        if not self.stimuli:
            return Plan(list(ends(survey)), "")
        if strategy == "sweep":
            planned, redundant, unconcerned = sweep(survey, self.stimuli, self.part, exhaustive)
            left_out = []
            if redundant:
                why = "its disposition is the default and nothing has been made yet"
                left_out.append(f"{redundant} at points where the signal only ends the launcher ({why})")
            if unconcerned:
                left_out.append(f"{unconcerned} at calls that set the disposition of another signal")
            return Plan(_in_rounds(planned, len(self.stimuli)), "; ".join(left_out))
        if strategy == "pairs":
            return Plan(list(pairs(survey, self.stimuli, self.part)), "")
        return Plan(chance(survey, self.stimuli, self.part, SEED), "")

    def predicate(self, bare: History) -> Predicate:
        """Return the check as the explorer wants it: what cannot be judged is no objection."""

        def opinion(history: History) -> Opinion:
            label = moments.outcome(history)
            try:
                found = self.check(history, bare)
            except (NotApplicable, NotObservable):
                return Opinion("not judged: nothing was delivered")
            objections = tuple(f"required: {one.required}; actual: {one.actual}" for one in found)
            return Opinion(label, objections, tuple(n for one in found for n in one.events))

        return opinion


def _in_rounds(planned: list[Planned], rounds: int) -> list[Planned]:
    """Order the schedules so that a first round comes by each point with one of the signals, the next with another."""
    per_signal = -(-len(planned) // rounds)
    lines = [planned[n * per_signal : (n + 1) * per_signal] for n in range(rounds)]
    return [
        line[i] for r in range(rounds) for i in range(per_signal) for line in [lines[(i + r) % rounds]] if i < len(line)
    ]


class Plan(NamedTuple):
    """Schedules to play, a list where their number is known; and what was left out, with the reason."""

    planned: list[Planned] | Iterator[Planned]
    left_out: str

    @property
    def count(self) -> int:
        """How many there are; 0 where nobody knows."""
        return len(self.planned) if isinstance(self.planned, list) else 0


def campaigns(numbers: tuple[int, ...] = SIGNALS) -> tuple[Campaign, ...]:
    """Return all that can be explored, with these signals."""
    by_kill = tuple(Deliver(int(number)) for number in numbers)
    start, end, order = moments.any_moment_of_start, moments.any_moment_of_end, moments.order_changes_nothing
    keys = (PressKey("ctrl-c"),)
    return (
        Campaign("start", "SIG-6", whole_run(PIPES), 1, by_kill, start),
        Campaign("start, Ctrl-C", "SIG-6", whole_run(JOB), 1, keys, start),
        Campaign("end", "SIG-7", whole_run(PIPES), 2, by_kill, end),
        Campaign("end, Ctrl-C", "SIG-7", whole_run(JOB), 2, keys, end),
        Campaign("order", "EXIT-1", ends_at_once(PIPES), 1, (), order),
        Campaign("order, terminal", "EXIT-1", ends_at_once(LEADER), 1, (), order),
        Campaign("order, at rest, terminal", "EXIT-1", whole_run(LEADER), 1, (), order),
    )
