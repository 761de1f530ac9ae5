"""A campaign: for a requirement about ANY moment, the scenario that is explored and the check that judges it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from proctor.conformance.checks import fault, moments
from proctor.conformance.checks.common import NotApplicable, NotObservable, needs_freedom
from proctor.conformance.exploring.kinds import KINDS, Moments
from proctor.conformance.judging.judge import Claims, not_claimed
from proctor.conformance.judging.stimulus import of_requirement
from proctor.conformance.spec import requirements
from proctor.harness.explorer.explore import Evaluation, Predicate
from proctor.harness.explorer.failing import MOST_ALIKE, failing
from proctor.harness.explorer.ordering import process_orders
from proctor.harness.explorer.pairs import pairs
from proctor.harness.explorer.random_schedules import random_schedules
from proctor.harness.explorer.spread import spread, spread_over_kinds
from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import PlannedSchedule, Stimulus, sweep
from proctor.harness.failing_calls import How
from proctor.harness.history import DirectiveApplied, History
from proctor.harness.scenario import (
    Scenario,
)
from proctor.harness.schedule import Point
from proctor.harness.target import Profile, Target
from proctor.harness.violation import Violation

Check = Callable[[History, History], list[Violation]]
ComparedWith = Literal["bare", "undisturbed"]
"""The history with which others are compared: that of the bare command, or that of the undisturbed launcher."""
SEED = 1


class Campaign(NamedTuple):
    """One exploration for one requirement: a scenario, the part of it that is explored, the stimuli, the check. claims:
    profiles that the launcher must claim, if not only that of the requirement; instead: a launcher that claims this
    profile has another campaign instead of this one; rotated: each point gets only one of the signals, in turn, because
    another campaign delivers all of them at the launcher's own points. shared: the stimuli of all campaigns that play
    the same scenario: their schedules come in one order, so that each is played once. failing: instead of
    stimuli: which calls of the launcher are made to fail."""

    name: str
    requirement: str
    scenario: Scenario
    part: int
    stimuli: tuple[Stimulus, ...]
    check: Check
    compared_with: ComparedWith = "bare"
    claims: Claims = ()
    unless_profile: Profile | None = None
    rotated: bool = False
    shared: tuple[Stimulus, ...] = ()
    failing: How | None = None

    @property
    def is_about_files(self) -> bool:
        """Whether it is about what is on disk, so that its points are tried by kinds."""
        return self.compared_with == "undisturbed" and not self.failing and not self.scenario.group

    def why_not(self, target: Target) -> str:
        """Return why this is not explored on a target; "" if it is."""
        if self.unless_profile in target.profiles:
            return f"{target.name} claims the profile {self.unless_profile}, which has another campaign"
        if self.scenario.starts == "one-at-a-time" and not target.group.limit:
            return f"{target.name} does not say how it is made to run one command at a time"
        return not_claimed(requirements()[self.requirement], target, self.claims)

    def plan(self, survey: Survey, strategy: str, exhaustive: bool) -> Plan:
        """Return the schedules of one strategy."""
        if self.failing:
            planned, fewer = failing(survey, self.failing, exhaustive)
            why = f"{fewer} of calls that can only fail, of which {MOST_ALIKE} alike get one error each"
            why = why if fewer else ""
            return Plan(planned, why)
        if not self.stimuli:
            return Plan(spread(process_orders(survey)), "")
        if strategy == "sweep":
            planned, redundant, unaffected, rotated = sweep(survey, self.stimuli, self.part, exhaustive, self.rotated)
            left_out = []
            if redundant:
                why = "its disposition is the default, and nothing was created that could be left behind"
                left_out.append(f"{redundant} at points where the signal only ends the launcher ({why})")
            if unaffected:
                left_out.append(f"{unaffected} at system calls that have no effect on the signal")
            if rotated:
                where = "" if self.rotated else " of programs that it started"
                left_out.append(f"{rotated} at points{where}, which get one signal each")
            if self.is_about_files:
                return self._by_kinds(survey, planned, exhaustive)._replace(left_out="; ".join(left_out))
            return Plan(spread(planned), "; ".join(left_out))
        if strategy == "pairs":
            return Plan(list(pairs(survey, self.stimuli, self.part)), "")
        return Plan(random_schedules(survey, self.stimuli, self.part, SEED), "")

    def _by_kinds(self, survey: Survey, planned: list[PlannedSchedule], exhaustive: bool) -> Plan:
        """Return a plan of these schedules in the order of all that play this scenario."""
        moments_of, mine = Moments(survey.points_of_part(self.part)), {one.schedule for one in planned}
        others = sweep(survey, self.shared, self.part, exhaustive, self.rotated).planned if self.shared else planned
        in_order = spread_over_kinds(others, moments_of.kind_of, moments_of.rank_of)
        places = [place for place, one in enumerate(in_order) if one.schedule in mine]
        kinds = sorted({moments_of.kind_of(one.site.point) for one in planned if one.site})
        names = tuple(KINDS[n].name for n in kinds)
        return Plan([in_order[place] for place in places], "", names, places, moments_of.name_of)

    def predicate(self, bare: History) -> Predicate:
        """Return the check as a predicate of the explorer. A history that cannot be judged has no objection."""

        def evaluation(history: History) -> Evaluation:
            try:
                needs_freedom(history)
                found = self.check(history, bare)
            except (NotApplicable, NotObservable):
                did = any(fact.what == "done" for fact in history.facts(DirectiveApplied))
                return Evaluation(moments.UNTOLD if did else moments.NOTHING_SENT)
            if self.failing:
                label = f"wrong: {found[0].code}" if found else fault.outcome(history, bare)
                objections = of_requirement(found, self.requirement, history)
                return Evaluation(label, objections, tuple(n for one in found for n in one.events))
            label = moments.outcome(history, bare if self.compared_with == "bare" else history)
            if any(one.code == "file-left" for one in found):
                label = "ends, a file left"
            elif any(one.code == "terminal-changed" for one in found):
                label = "ends, the terminal changed"
            elif found and self.compared_with != "bare":
                label = f"wrong: {found[0].code}"
            elif found and label in (moments.UNDISTURBED, moments.REACHES):
                label = "lost" if self.stimuli and self.part == 1 else "not as without it"
            objections = of_requirement(found, self.requirement, history)
            return Evaluation(label, objections, tuple(n for one in found for n in one.events))

        return evaluation


class Plan(NamedTuple):
    """Schedules to play, a list where their number is known; and what was left out, with the reason. kinds: of the
    points, where these are tried by kinds; kind_of: the kind of a point. places: that of each schedule among those of
    all campaigns which play the same scenario."""

    planned: list[PlannedSchedule] | Iterator[PlannedSchedule]
    left_out: str
    kinds: tuple[str, ...] = ()
    places: Sequence[int] = ()
    kind_of: Callable[[Point], str] | None = None

    @property
    def size(self) -> int | None:
        """The number of schedules; None if they are unlimited."""
        return len(self.planned) if isinstance(self.planned, list) else None

    def among(self, most: int) -> int:
        """Return how many schedules there are among the first ones of all campaigns that play the same scenario."""
        return bisect_left(self.places, most) if self.places else most
