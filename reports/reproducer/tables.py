"""What a script that traces has for itself: the numbers of system calls, and its schedule."""

from __future__ import annotations

import textwrap
from typing import Any

from proctor.harness.calls import BIRTH, VISIBLE, returns_at_once
from proctor.harness.schedule import Deliver, Directive, HoldTask, HoldUntil, Point, PressKey, Schedule
from proctor.reports.reproducer.wording import not_exported, number

SENDING = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal", "wait4", "waitid")
"""The calls that are followed where there is no schedule."""
MACHINES = ("x86_64", "aarch64")


def tables(schedule: Schedule) -> dict[str, str]:
    """Return the constants, as Python code by name."""
    names = list(VISIBLE) if schedule.directives else list(SENDING)
    calls = {
        machine: {value: name for name in names if (value := getattr(VISIBLE[name], machine)) is not None}
        for machine in MACHINES
    }
    found = {"CALLS": "CALLS = " + _wrapped(calls)}
    if schedule.directives:
        at_once = sorted(name for name in names if returns_at_once(name))
        found["AT_ONCE"] = f"AT_ONCE = {_wrapped(at_once)}  # calls in which nobody is ever blocked"
        rows = [f"    ({_point(one.at)}, {_action(one)}, {str(one)!r})," for one in schedule.directives]
        head = "SCHEDULE = [  # at (task, call, when, n-th, part): what is done there"
        found["SCHEDULE"] = "\n".join([head, *rows, "]"])
    return found


def _wrapped(value: Any) -> str:
    """Return a literal on lines of some length."""
    text = repr(value)
    return "\n    ".join(textwrap.wrap(text, 114, break_long_words=False, break_on_hyphens=False))


def _point(point: Point) -> str:
    return repr((point.task, point.call, "exit" if point.call == BIRTH else point.when, point.nth, point.part))


def _action(directive: Directive) -> str:
    """Return what is done, as a tuple of its name and what goes with it."""
    match directive.action:
        case Deliver(signal=value, to=to):
            if to == "all" or "." in to:
                raise not_exported(f"its schedule sends a signal to {to!r}")
            return f"('send', {number(value)}, {to!r})"
        case PressKey(key=key):
            return f"('press', {key!r})"
        case HoldTask(process=process, does=does) if process != "beside":
            return f"('hold', {process!r}, {does!r})"
        case HoldUntil(point=point):
            return f"('hold until', {_point(point)})"
    raise not_exported("its schedule calls the launcher a second time")
