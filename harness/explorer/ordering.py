"""The strategy `ends`: no signals, only the order of the launcher and its children."""

from __future__ import annotations

from collections.abc import Iterator

from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.schedule import Directive, HoldTask, Schedule

CHILD_SETUP = ("setsid", "setpgid", "ioctl", "execve", "execveat")
"""Calls of a child that its parent may wrongly assume to be complete."""


def process_orders(survey: Survey) -> Iterator[PlannedSchedule]:
    """Plan the orders in which a launcher and its children can run."""
    yield PlannedSchedule(Schedule(), None, "the child runs last")
    for held in survey.child_first:
        yield PlannedSchedule(Schedule((held,)), None, "the child runs first")
    for site in survey.points_of_part(1):
        children = [child for child in site.children if child != site.point.task]
        if site.is_launcher_point and children:
            held = Directive(site.point, HoldTask(children[-1], "ends"))
            yield PlannedSchedule(Schedule((held,)), site, "the child ends first")
        elif not site.is_launcher_point and site.point.call in CHILD_SETUP and site.point.when == "entry":
            held = Directive(site.point, HoldTask("launcher"))
            yield PlannedSchedule(Schedule((held,)), site, "the child waits")
