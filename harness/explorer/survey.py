"""The survey: the schedule points that a launcher reaches, in each order in which it and its children can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from proctor.harness.calls import BIRTH, VISIBLE
from proctor.harness.history import History, PointReached
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Directive, HoldTask, Point, Schedule

Play = Callable[[Scenario, Schedule], History]
"""Executes the scenario under a schedule; raises HarnessError if the harness fails."""


class SurveyedPoint(NamedTuple):
    """A point, and the state of the launcher there.

    order: its position among all points. passed: the recorded fact. children: the children that exist. has_leftovers:
    the launcher has made something (a file, a changed terminal) that would be left behind if it ended here.
    precedes_same_call: the call sets a disposition, and so does the next call of the task. is_helper_point: the point
    belongs to another program that the launcher has started, such as an installer, or to a descendant of one; not to a
    child before its execve(2).
    """

    order: int
    passed: PointReached
    children: tuple[str, ...]
    has_leftovers: bool
    precedes_same_call: bool
    is_helper_point: bool

    @property
    def point(self) -> Point:
        """The point."""
        return self.passed.at

    @property
    def is_launcher_point(self) -> bool:
        """Whether the point belongs to the launcher, not to one of its children."""
        return _process(self.point.task) == "launcher"

    def affects(self, number: int) -> bool:
        """Whether a stimulus can have another effect here than at a neighbouring point. number: the signal; 0 for a
        second invocation of the launcher. A call that changes the disposition of another signal has no influence on
        this one; the computation before the call may, but then the entry of the last of several such calls stands for
        all. A second invocation is affected only by calls that other processes can observe."""
        if not number:
            return self._is_visible_to_others
        return self.passed.about in (0, number) or (self.point.when == "entry" and not self.precedes_same_call)

    @property
    def _is_visible_to_others(self) -> bool:
        """Whether other processes can observe the call: not if it only affects the launcher's signals and
        descriptors."""
        call = VISIBLE.get(self.point.call)
        return call is not None and call.effect in ("file", "process", "waits")

    def is_useful(self, number: int) -> bool:
        """Whether a signal can have an effect here that it does not have at another point."""
        return self.affects(number) and not self.is_redundant(number)

    def is_redundant(self, number: int) -> bool:
        """Whether the signal here only ends the launcher and leaves nothing: it is not blocked, its disposition is the
        default, and there are no leftovers and no children. All such points are equal. False for 0 (no signal)."""
        if not number:
            return False
        bit = 1 << (number - 1)
        meets_default = not (self.passed.blocked | self.passed.ignored | self.passed.caught) & bit
        return meets_default and not self.has_leftovers and not self.children


class Survey(NamedTuple):
    """The points of one scenario on one launcher. child_first: the directives that make its children run first; without
    them, a new process stays stopped until the launcher blocks. alone: the history without directives."""

    sites: tuple[SurveyedPoint, ...]
    child_first: tuple[Directive, ...]
    executions: int
    alone: History

    def points_of_part(self, part: int) -> Iterator[SurveyedPoint]:
        """Yield the points of one part of the script."""
        return (site for site in self.sites if site.point.part == part)


def survey(play: Play, scenario: Scenario, of_failing: bool = False) -> Survey:
    """Record the points of the launcher without directives, and with the children running first. of_failing: also calls
    that can only fail, and only without directives, as they fail there."""
    play(scenario, Schedule())  # warm-up: the first run may differ from later runs (caches)
    alone = play(scenario, Schedule(record=True, records_failing=of_failing))
    passed = alone.facts(PointReached)
    makers = [(fact.at.task, fact.by) for fact in passed if fact.by and _is_child(fact.at)]
    child_first = tuple(Directive(made_by, HoldTask(child)) for child, made_by in makers)
    histories = [passed]
    if child_first and not of_failing:
        histories.append(play(scenario, Schedule(child_first, record=True)).facts(PointReached))
    sites: dict[Point, SurveyedPoint] = {}
    for passed in reversed(histories):  # the order of the run without directives takes precedence
        for site in _sites(passed):
            sites.setdefault(site.point, site)
    # points that only the other order has go to the end of their part
    plain = {fact.at for fact in passed}
    ordered = sorted(sites.values(), key=lambda site: (site.point.part, site.point not in plain, site.order))
    numbered = tuple(site._replace(order=n) for n, site in enumerate(ordered))
    return Survey(numbered, child_first, 1 + len(histories), alone)


def _process(task: str) -> str:
    return task.partition(".")[0]


def _is_child(point: Point) -> bool:
    """Whether this point is the birth of a child process."""
    return point.call == BIRTH and "." not in point.task and point.task != "launcher"


def _sites(passed: list[PointReached]) -> Iterator[SurveyedPoint]:
    """Yield the points with the state of the launcher. A child exists from the exit of the call that made it; its birth
    comes later only because it stays stopped until its parent blocks."""
    made_at = {fact.by: fact.at.task for fact in passed if fact.by and _is_child(fact.at)}
    children: list[str] = []
    has_leftovers = False
    precedes_same_call, helpers = _before_same_call(passed), _helper_points(passed)
    for number, fact in enumerate(passed):
        point = fact.at
        child = made_at.get(point) or (point.task if _is_child(point) else "")
        if child and child not in children:
            children.append(child)
        call = VISIBLE.get(point.call)
        has_leftovers |= point.when == "exit" and call is not None and call.leaves
        yield SurveyedPoint(
            number, fact, tuple(children), has_leftovers, point in precedes_same_call, number in helpers
        )


def _before_same_call(passed: list[PointReached]) -> set[Point]:
    """Return the entries of calls that set a disposition and precede another such call of the same task."""
    found: set[Point] = set()
    last: dict[str, Point] = {}
    for point in (fact.at for fact in passed if fact.at.when == "entry"):
        before = last.get(point.task)
        if before and point.call == before.call == "rt_sigaction":
            found.add(before)
        last[point.task] = point
    return found


def _helper_points(passed: list[PointReached]) -> set[int]:
    """Return the indexes of the facts at which a process runs another program than the launcher: after its last
    execve(2), because earlier ones failed, or always, if its parent was such a process when it made it."""
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
