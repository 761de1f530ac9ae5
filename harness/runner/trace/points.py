"""Counts the schedule points that a launcher's tasks pass, and finds the directives for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from proctor.harness import history
from proctor.harness.calls import BIRTH, TELLS, VISIBLE
from proctor.harness.runner import processes
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace.paths import path_of
from proctor.harness.runner.trace.restarts import Restarts
from proctor.harness.runner.trace.task import TracedTask
from proctor.harness.schedule import Directive, HoldUntil, Point, Schedule


class Points:
    """The points of one schedule, as they are passed."""

    def __init__(self, schedule: Schedule, recorder: Recorder) -> None:
        self._schedule, self._recorder = schedule, recorder
        self._waited_for = {one.action.point for one in schedule.directives if isinstance(one.action, HoldUntil)}
        named = {one.at for one in schedule.directives} | self._waited_for
        self._keys = {(point.task, point.call, point.when) for point in named}
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._reached: set[Point] = set()
        self._restarts = Restarts()
        self.part = 1

    @property
    def stops_where_calls_fail(self) -> bool:
        """Whether tasks stop at calls that can only fail."""
        return self._schedule.stops_where_calls_fail

    def enter(self, task: TracedTask, call: str, arguments: tuple[int, ...]) -> None:
        """Note which call a task is in; where all points are recorded, also the file that it is about."""
        task.call, task.arguments = call, arguments
        task.path = path_of(task.tid, call, arguments) if self._schedule.record else ""
        if self._schedule.records_failing and call == "rt_sigaction":
            self._restarts.sets_action(task, arguments)

    def next_part(self) -> None:
        """Count anew."""
        self.part += 1
        self._counts.clear()

    def wants(self, task: TracedTask, call: str, when: history.When) -> bool:
        """Return whether the schedule names points of this kind, or records all."""
        if self._schedule.record and (when == "entry" or call in VISIBLE or call == BIRTH):
            return True
        return (task.name, call, when) in self._keys

    def last(self, task: TracedTask, call: str, when: history.When, ahead: int = 0) -> Point:
        """Return the point of this kind that was counted last, or the one so many ahead of it."""
        return Point(task.name, call, self._counts[task.name, call, when] + ahead, when, self.part)

    def reach(
        self, task: TracedTask, call: str, when: history.When, programs: Iterable[str]
    ) -> tuple[Point | None, list[Directive]]:
        """Count a point, and record it if the schedule names it or records all. Return it, or None if it was not
        recorded, and the directives for it. programs: see PointReached."""
        key = (task.name, call, when)
        self._counts[key] += 1
        if not self.wants(task, call, when):
            return None, []
        point = self.last(task, call, when)
        here = [directive for directive in self._schedule.directives if directive.at == point]
        if not (here or self._schedule.record or point in self._waited_for):
            return None, []
        settings = (processes.signal_settings(task.tid) if self._schedule.record else None) or (0, 0, 0)
        maker = task.maker if call == BIRTH else None
        about = task.arguments[0] if call == "rt_sigaction" else 0
        path = "" if call == BIRTH else task.path
        fact = history.PointReached(point, maker, about, *settings, path=path)
        if self._schedule.records_failing:
            if maker and not task.is_thread:
                self._restarts.is_born(task.process, maker.task.partition(".")[0])
            argument = task.arguments[TELLS[call]] if call in TELLS and when == "entry" else 0
            restarted = self._restarts.restarted(task.process)
            fact = msgspec.structs.replace(fact, argument=argument, restarted=restarted)
        if here:
            fact = msgspec.structs.replace(fact, programs=tuple(programs))
        self._recorder.add("tracer", fact)
        self._reached.add(point)
        return point, here

    def was_reached(self, point: Point) -> bool:
        """Return whether a point that the schedule names has been passed."""
        return point in self._reached

    def not_reached(self) -> Iterator[Directive]:
        """Yield the directives whose points were not reached."""
        return (directive for directive in self._schedule.directives if directive.at not in self._reached)
