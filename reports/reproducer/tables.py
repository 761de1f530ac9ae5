"""The tables of a script: what harness/calls.py says of system calls, and the schedule."""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

from proctor.harness.calls import BIRTH, CALLS, REAPS, SENDS, VISIBLE, Only, returns_at_once
from proctor.harness.scenario import Stage
from proctor.harness.schedule import (
    Deliver,
    Directive,
    Fail,
    HoldTask,
    HoldUntil,
    Point,
    PressKey,
    Schedule,
    ShortWrite,
)
from proctor.reports.reproducer.wording import not_exported, number

MACHINES = ("x86_64", "aarch64")
EVERY_BIT = -1


OF_SOCKETS = ("accept", "connect", "recv", "send")
"""Beginnings of calls on sockets. A script does not know their timeouts, so it takes none of them to wait for ever."""
KINDS = {
    "children": "", "signals": "", "time": "", "futex": "futex", "descriptors": "fd", "poll": "poll",
    "select": "select", "epoll": "epoll",
}  # fmt: skip
"""What a script calls that for which a call waits. Locks are left out: a script does not look for their holders."""


STAGE_OF_SCRIPTS = ("umask", "nice", "limits", "groups", "unusual", "blocked", "ignored", "rows", "columns")
"""Properties of a stage that a script sets up from a table."""


def stage_constant(stage: Stage) -> str:
    """Return the constant that says what the launcher is started with, as far as it is not as usual."""
    usual = Stage()
    odd = {name: value for name in STAGE_OF_SCRIPTS if (value := getattr(stage, name)) != getattr(usual, name)}
    pairs = (f'"{name}": {_stage_value(name, value)}' for name, value in odd.items())
    return f"STAGE = {{{', '.join(pairs)}}}  # what the launcher is started with that is not as usual"


def _stage_value(name: str, value: Any) -> str:
    if name == "umask":
        return f"0o{value:03o}"
    return f"[{', '.join(map(number, value))}]" if name in ("blocked", "ignored") else repr(value)


def waits() -> str:
    """Return the constant that says for what calls wait, and which argument is their timeout."""
    rows = []
    for machine in MACHINES:
        known = {getattr(call, machine): _wait(name) for name, call in CALLS.items() if _wait(name)}
        words = " ".join(f"{number}={known[number]}" for number in sorted(one for one in known if one is not None))
        lines = textwrap.wrap(words, 106)
        rows.append(f'    "{machine}":\n' + "\n".join(f'        "{line} "' for line in lines) + ",")
    head = "WAITS = dict(one.split('=') for one in {  # calls: number=what they wait for:argument that is their timeout"
    return "\n".join([head, *rows, '}.get(os.uname().machine, "").split())'])


def _wait(name: str) -> str:
    """Return for what a call waits, in the words of scripts; "" where that is not known."""
    call = CALLS[name]
    if call.timeout and call.timeout.kind == "restart":
        return ":?"  # only calls with a timeout are restarted so
    kind = KINDS.get(call.waits_for or "")
    if kind is None or name.startswith(OF_SOCKETS) or (kind == "fd" and call.fds != (0,)):
        return ""
    return f"{kind}:{call.timeout.argument if call.timeout else ''}"


def tables(schedule: Schedule, programs: tuple[tuple[str, ...], ...] = ()) -> dict[str, str]:
    """Return the constants of a script that traces, as Python code by name. programs: as in case files."""
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
        made = itertools.chain(programs, itertools.repeat(()))
        pairs = zip(schedule.directives, made, strict=False)
        rows = [f"    ({_point(one.at)}, {_action(one)}, {str(one)!r}, {known!r})," for one, known in pairs]
        head = "SCHEDULE = [  # at (thread, call, when, n-th, part): what is done, in words, the programs that run"
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
        case Fail() | ShortWrite():
            raise not_exported(
                "its schedule makes a system call fail; `strace -f -e inject=CALL:error=E` does that by hand"
            )
    raise not_exported("its schedule calls the launcher a second time")
