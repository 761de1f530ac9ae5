"""The tables of a script: what harness/calls.py says of system calls, and the schedule."""

from __future__ import annotations

import textwrap
from typing import Any

from proctor.harness.calls import BIRTH, CALLS, REAPS, SENDS, VISIBLE, Only, returns_at_once
from proctor.harness.schedule import Deliver, Directive, HoldTask, HoldUntil, Point, PressKey, Schedule
from proctor.reports.reproducer.wording import not_exported, number

MACHINES = ("x86_64", "aarch64")
EVERY_BIT = -1


def timeouts() -> str:
    """Return the constant that says which calls may time out, and which argument says when; -1 where none does."""
    rows = []
    for machine in MACHINES:
        calls = ((getattr(call, machine), call.timeout) for call in CALLS.values() if call.timeout)
        known = sorted((number, timeout) for number, timeout in calls if number is not None)
        pairs = " ".join(f"{number}:{-1 if of.kind == 'restart' else of.argument}" for number, of in known)
        rows.append(f'    "{machine}": "{pairs}",')
    head = 'TIMEOUTS = dict(pair.split(":") for pair in {  # calls that may time out: number, argument that says when'
    return "\n".join([head, *rows, '}.get(os.uname().machine, "").split())'])


def tables(schedule: Schedule) -> dict[str, str]:
    """Return the constants of a script that traces, as Python code by name."""
    names = list(VISIBLE) if schedule.directives else [*SENDS, *REAPS]
    calls = {
        machine: {value: name for name in names if (value := getattr(CALLS[name], machine)) is not None}
        for machine in MACHINES
    }
    found = {
        "CALLS": f"CALLS = {_wrapped(calls)}",
        "SENDING": f"SENDING = {_wrapped(SENDS)}  # calls that send signals",
        "REAPING": f"REAPING = {_wrapped(REAPS)}  # calls that wait for the end of a child",
    }
    if schedule.directives:
        at_once = sorted(name for name in names if returns_at_once(name))
        found["AT_ONCE"] = f"AT_ONCE = {_wrapped(at_once)}  # calls that never block"
        only = {name: _condition(call.only) for name, call in VISIBLE.items() if call.only}
        found["ONLY_IF"] = f"ONLY_IF = {_wrapped(only)}  # see is_point"
        rows = [f"    ({_point(one.at)}, {_action(one)}, {str(one)!r})," for one in schedule.directives]
        head = "SCHEDULE = [  # at (thread, call, when, n-th, part): what is done there"
        found["SCHEDULE"] = "\n".join([head, *rows, "]"])
    return found


def _condition(only: Only) -> tuple[int, int, tuple[int, ...]]:
    """Return the argument, the bits of which it must have one, and its other values."""
    return only.argument, EVERY_BIT if only.nonzero else only.bits, only.values


def _wrapped(value: Any) -> str:
    """Return a literal, on lines that are not too long."""
    text = repr(value)
    return "\n    ".join(textwrap.wrap(text, 114, break_long_words=False, break_on_hyphens=False))


def _point(point: Point) -> str:
    return repr((point.task, point.call, "exit" if point.call == BIRTH else point.when, point.nth, point.part))


def _action(directive: Directive) -> str:
    """Return what is done, as a tuple of its name and its arguments."""
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
