"""What there is to explore: the points that a launcher passes, in the orders in which it and its children can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from proctor.harness.calls import BIRTH, VISIBLE
from proctor.harness.history import History, PointReached
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Directive, HoldTask, Point, Schedule

Play = Callable[[Scenario, Schedule], History]
"""Executes the scenario under a schedule; raises HarnessError where the harness fails."""


class SurveyedPoint(NamedTuple):
    """A point with what is known of the launcher there.

    order: its place among all. passed: what was recorded. children: those that were there before. made: there is
    more than the launcher itself (a file, a changed terminal) that could be left behind if it ended here. in_row: the
    call sets a disposition, and the task's next call does so too. is_helpers: a program that the launcher has started
    passes it, such as an installer, or one that this has started; a child that is still to become one is none.
    """

    order: int
    passed: PointReached
    children: tuple[str, ...]
    made: bool
    in_row: bool
    is_helpers: bool

    @property
    def point(self) -> Point:
        """Return the point."""
        return self.passed.at

    @property
    def is_launchers(self) -> bool:
        """Whether it is the launcher that passes it, not one of its children."""
        return _process(self.point.task) == "launcher"

    def concerns(self, number: int) -> bool:
        """Whether a signal can meet another launcher here than at a point nearby. That the disposition of another
        signal has been changed changes nothing for it; what the launcher computed before that call may, but of several
        such calls in a row the last one's entry stands for all. 0, no signal but another call of the launcher, concerns
        it where somebody who comes by may find another world than at a point nearby."""
        if not number:
            return self._meets_others
        return self.passed.about in (0, number) or (self.point.when == "entry" and not self.in_row)

    @property
    def _meets_others(self) -> bool:
        """What the launcher does to its own signals and descriptors is nobody else's to see."""
        call = VISIBLE.get(self.point.call)
        return call is not None and call.effect in ("file", "process", "waits")

    def matters(self, number: int) -> bool:
        """Whether something can come of a signal here that does not come of it at another point."""
        return self.concerns(number) and not self.is_redundant(number)

    def is_redundant(self, number: int) -> bool:
        """Whether the signal only ends the launcher here, with nothing left: its disposition is the default, it is not
        blocked, nothing has been made and nobody else exists. True at all such points for the same reason. What is no
        signal (0) ends nobody."""
        if not number:
            return False
        bit = 1 << (number - 1)
        meets_default = not (self.passed.blocked | self.passed.ignored | self.passed.caught) & bit
        return meets_default and not self.made and not self.children


class Survey(NamedTuple):
    """The sites of one scenario on one launcher, and the directives by which its children run first: left alone a new
    process stands by until the launcher blocks. alone: the history of the launcher running by itself."""

    sites: tuple[SurveyedPoint, ...]
    child_first: tuple[Directive, ...]
    executions: int
    alone: History

    def of_part(self, part: int) -> Iterator[SurveyedPoint]:
        """Yield the sites of one part of the script."""
        return (site for site in self.sites if site.point.part == part)


def survey(play: Play, scenario: Scenario) -> Survey:
    """Record the launcher as it runs by itself, and with each child held before it."""
    play(scenario, Schedule())  # what a launcher does only in its first run (caches) is not what it does each time
    alone = play(scenario, Schedule(record=True))
    passed = alone.facts(PointReached)
    makers = [(fact.at.task, fact.by) for fact in passed if fact.by and _is_child(fact.at)]
    child_first = tuple(Directive(made_by, HoldTask(child)) for child, made_by in makers)
    histories = [passed]
    if child_first:
        histories.append(play(scenario, Schedule(child_first, record=True)).facts(PointReached))
    sites: dict[Point, SurveyedPoint] = {}
    for passed in reversed(histories):  # that of the launcher first is the plainer one: its order comes before
        for site in _sites(passed):
            sites.setdefault(site.point, site)
    # what only the other order showed goes to the end of its part
    plain = {fact.at for fact in passed}
    ordered = sorted(sites.values(), key=lambda site: (site.point.part, site.point not in plain, site.order))
    numbered = tuple(site._replace(order=n) for n, site in enumerate(ordered))
    return Survey(numbered, child_first, 1 + len(histories), alone)


def _process(task: str) -> str:
    return task.partition(".")[0]


def _is_child(point: Point) -> bool:
    """Whether this is the birth of a process."""
    return point.call == BIRTH and "." not in point.task and point.task != "launcher"


def _sites(passed: list[PointReached]) -> Iterator[SurveyedPoint]:
    """Follow what is there. A process is from the exit of the call that made it on: it is born later than that only
    because it stands by until its maker blocks."""
    made_at = {fact.by: fact.at.task for fact in passed if fact.by and _is_child(fact.at)}
    children: list[str] = []
    made = False
    in_row, helpers = _in_rows(passed), _of_helpers(passed)
    for number, fact in enumerate(passed):
        point = fact.at
        child = made_at.get(point) or (point.task if _is_child(point) else "")
        if child and child not in children:
            children.append(child)
        call = VISIBLE.get(point.call)
        made |= point.when == "exit" and call is not None and call.leaves
        yield SurveyedPoint(number, fact, tuple(children), made, point in in_row, number in helpers)


def _in_rows(passed: list[PointReached]) -> set[Point]:
    """Return the entries of calls that set a disposition and are followed by another such call of their task."""
    found: set[Point] = set()
    last: dict[str, Point] = {}
    for point in (fact.at for fact in passed if fact.at.when == "entry"):
        before = last.get(point.task)
        if before and point.call == before.call == "rt_sigaction":
            found.add(before)
        last[point.task] = point
    return found


def _of_helpers(passed: list[PointReached]) -> set[int]:
    """Return the places in the record at which a process is another program than the launcher made of itself: after its
    last execve(2), for those before have failed, or if its maker was one when it made it."""
    last_exec = {_process(fact.at.task): n for n, fact in enumerate(passed) if _is_end_of_exec(fact.at)}
    after: dict[str, int] = {}
    never = len(passed)
    for number, fact in enumerate(passed):
        if fact.by and _is_child(fact.at):
            made_by_one = after.get(_process(fact.by.task), never) < number
            after[fact.at.task] = number - 1 if made_by_one else last_exec.get(fact.at.task, never)
    return {n for n, fact in enumerate(passed) if n > after.get(_process(fact.at.task), never)}


def _is_end_of_exec(point: Point) -> bool:
    return point.call in ("execve", "execveat") and point.when == "exit"
