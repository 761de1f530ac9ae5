"""Schedules: text and JSON round trips; mistakes are named."""

from __future__ import annotations

from typing import get_args

import pytest

from proctor.harness.errors import UsageError
from proctor.harness.schedule import (
    Action,
    CallLauncher,
    Deliver,
    Directive,
    Fail,
    HoldTask,
    HoldUntil,
    Point,
    PressKey,
    Schedule,
    ShortWrite,
    from_json,
    parse,
    signal_number,
    to_json,
)

SCHEDULE = Schedule(
    (
        Directive(Point("child1", "birth"), HoldTask("launcher")),
        Directive(Point("launcher.t2", "clone3", 2, "exit"), Deliver(15)),
        Directive(Point("launcher", "wait4", 1, "entry", 2), PressKey("ctrl-c")),
        Directive(Point("launcher", "clone"), HoldTask("child1", "ends")),
        Directive(Point("launcher", "clone"), HoldUntil(Point("child1", "setsid", 1, "entry"))),
        Directive(Point("launcher", "clone"), Deliver(36, "group")),
        Directive(Point("launcher", "clone"), Deliver(10, "launcher.t2")),
        Directive(Point("launcher", "mkdir"), CallLauncher("run")),
        Directive(Point("launcher", "rename"), CallLauncher("sync")),
        Directive(Point("launcher", "unlinkat", 3, "entry"), CallLauncher("prune")),
        Directive(Point("launcher", "mkdir"), HoldTask("beside")),
        Directive(Point("launcher", "mkdir"), HoldTask("beside", "ends")),
        Directive(Point("launcher", "clone", 1, "entry"), Fail("EAGAIN")),
        Directive(Point("launcher", "write", 2, "entry"), ShortWrite(3)),
    )
)
TEXT = """at child1 birth: hold until launcher blocks
at launcher.t2 clone3#2 exit: deliver TERM to launcher
at launcher wait4#1 entry in part 2: press ctrl-c
at launcher clone#1 exit: hold until child1 ends
at launcher clone#1 exit: hold until child1 setsid#1 entry
at launcher clone#1 exit: deliver RTMIN+2 to group
at launcher clone#1 exit: deliver USR1 to launcher.t2
at launcher mkdir#1 exit: call run
at launcher rename#1 exit: call sync
at launcher unlinkat#3 entry: call prune
at launcher mkdir#1 exit: hold until beside blocks
at launcher mkdir#1 exit: hold until beside ends
at launcher clone#1 entry: fail with EAGAIN
at launcher write#2 entry: short write of 3"""


def test_text_round_trip() -> None:
    assert str(SCHEDULE) == TEXT
    assert parse(f"# a comment\n\n  {TEXT}\n") == SCHEDULE


def test_json_round_trip() -> None:
    assert from_json(to_json(SCHEDULE)) == SCHEDULE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("deliver TERM", "is no directive"),
        ("at launcher clon#1 exit: deliver TERM to launcher", "did you mean 'clone'?"),
        ("at launcher clone#1 exit: deliver TREM to launcher", "did you mean 'SIGTERM'?"),
        ("at launcher clone#1 exit: press ctrl-x", "is no action"),
        ("at launcher clone#1 exit: wait", "is no action"),
        ("at launcher clone#1 exit: deliver TERM to nobody", "to"),
        ("at launcher clone#1 exit: hold until child1 setsd#1 entry", "did you mean 'setsid'?"),
        ("at launcher clone#1 exit: hold until child1", "is no action"),
        ("at launcher clone#1 exit: hold until nobody setsid#1 entry", "task"),
        ("at lancher clone#1 exit: deliver TERM to launcher", "task"),
        ("at launcher clone#1 exit: hold until command ends", "process"),
        ("at launcher clone#1 exit: call", "is no action; known are: "),
        ("at launcher clone#1 exit: call build", "call run (sync, prune)"),
        ("at launcher clone#1 exit: call run twice", "is no action"),
        ("at beside clone#1 exit: call run", "task"),
        ("at launcher clone#1 exit: hold until beside clone#1 exit", "task"),
        ("at launcher clone#1 exit: deliver TERM to beside", "to"),
        ("at launcher clone#1 entry: fail with EAGIAN", "did you mean 'EAGAIN'?"),
        ("at launcher clone#1 entry: fail with 11", "error"),
        ("at launcher clone#1 entry: fail", "fail with EAGAIN"),
        ("at launcher clone#1 exit: fail with EAGAIN", "at its entry"),
        ("at child1 birth: fail with EAGAIN", "only a call fails"),
        ("at launcher exit_group#1 entry: fail with EAGAIN", "only a call fails"),
        ("at launcher clone#1 entry: short write of 1", "only write can be short"),
        ("at launcher write#1 entry: short write of 0", "is no action"),
        ("at launcher socke#1 entry: fail with EMFILE", "did you mean 'socket'?"),
    ],
)
def test_a_mistake_in_a_schedule_is_named(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"schedule|signal") as error:
        parse(text)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "in order",
        "run launcher",
        "run launcher 3 times\ndeliver TERM to launcher\nrun child1\nrun launcher.t2 2 times",
        "in part 2\nrun launcher\npress ctrl-c\nat rest: deliver INT to launcher\nthen at random from 7",
    ],
)
def test_an_order_goes_both_ways(text: str) -> None:
    schedule = parse(text)
    assert schedule.order is not None
    assert schedule.disturbs
    assert str(schedule) == text
    assert from_json(to_json(schedule)) == schedule


@pytest.mark.parametrize(
    "text",
    [
        "run", "run nobody", "run child1 0 times", "run launcher twice", "at rest: run child1", "in part 0",
        "run launcher\nat launcher clone#1 exit: deliver TERM to launcher", "run launcher\nhold until child1 blocks",
    ],
)  # fmt: skip
def test_a_mistake_in_an_order_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="schedule"):
        parse(text)


def test_every_action_is_covered() -> None:
    assert {type(one.action) for one in SCHEDULE.directives} == set(get_args(Action))


def test_an_unknown_invocation_in_json_is_an_error() -> None:
    with pytest.raises(UsageError, match="not one of: "):
        from_json(
            '{"directives": [{"at": {"task": "launcher", "call": "mkdir"}, '
            '"action": {"do": "call-launcher", "invoke": "x"}}]}'
        )


def test_a_failure_at_the_exit_of_a_call_is_an_error_in_json() -> None:
    with pytest.raises(UsageError, match="at its entry"):
        from_json(
            '{"directives": [{"at": {"task": "launcher", "call": "clone"}, '
            '"action": {"do": "fail", "error": "EAGAIN"}}]}'
        )


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("at launcher clone#1 entry: deliver TERM to launcher", False),
        ("at launcher clone#1 exit: hold until child1 setsid#1 entry", False),
        ("at launcher clone#1 entry: fail with EAGAIN", True),
        ("at launcher read#1 entry: deliver TERM to launcher", True),
        ("at launcher clone#1 exit: hold until child1 mmap#1 entry", True),
    ],
)
def test_a_schedule_says_whether_it_is_about_calls_that_can_only_fail(text: str, stops: bool) -> None:
    assert parse(text).stops_where_calls_fail == stops


def test_unknown_key_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'directives'"):
        from_json('{"directivs": []}')


@pytest.mark.parametrize(("name", "number"), [("TERM", 15), ("SIGTERM", 15), ("15", 15), ("rtmin+1", 35)])
def test_a_signal_has_several_names(name: str, number: int) -> None:
    assert signal_number(name) == number


@pytest.mark.parametrize("name", ["", "0", "65", "RTMIN+99", "nothing"])
def test_an_unknown_signal_is_an_error(name: str) -> None:
    with pytest.raises(UsageError, match="no signal"):
        signal_number(name)
