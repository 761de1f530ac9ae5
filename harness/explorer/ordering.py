"""No signal, only the order: the launcher held until its child has ended, the child held until the launcher blocks."""

from __future__ import annotations

from collections.abc import Iterator

from proctor.harness.explorer.survey import Survey
from proctor.harness.explorer.sweep import Planned
from proctor.harness.schedule import Directive, HoldTask, Schedule

STANDSTILLS = ("setsid", "setpgid", "ioctl", "execve", "execveat")
"""Calls of a child that its parent may believe to be over."""


def ends(survey: Survey) -> Iterator[Planned]:
    """Plan the orders in which a launcher and its children can run."""
    yield Planned(Schedule(), None, "the child runs last")
    for held in survey.child_first:
        yield Planned(Schedule((held,)), None, "the child runs first")
    for site in survey.of_part(1):
        children = [child for child in site.children if child != site.point.task]
        if site.is_launchers and children:
            held = Directive(site.point, HoldTask(children[-1], "ends"))
            yield Planned(Schedule((held,)), site, "the child ends first")
        elif not site.is_launchers and site.point.call in STANDSTILLS and site.point.when == "entry":
            held = Directive(site.point, HoldTask("launcher"))
            yield Planned(Schedule((held,)), site, "the child waits")
