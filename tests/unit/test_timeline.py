"""The layout of a timeline: lanes, states, arrows and marks. All histories are literal."""

from __future__ import annotations

import signal
import zlib
from typing import Any

import msgspec
import pytest

from proctor.harness import orders, signals
from proctor.harness.awaited import Awaited, ScriptDone
from proctor.harness.history import (
    Continued,
    DirectiveApplied,
    Ended,
    Event,
    Fact,
    Held,
    History,
    HungUp,
    Ordered,
    Output,
    PointReached,
    Pressed,
    Process,
    Received,
    Released,
    Resized,
    Sent,
    SignalCall,
    Started,
    Stopped,
    Typed,
    WaitFailed,
)
from proctor.harness.scenario import Scenario, Stage, Type
from proctor.harness.schedule import Directive, HoldTask, Point, parse
from proctor.reports.timeline.layout import FIRST_MOMENTS, LAST_MOMENTS, Arrow, Mark, Timeline, layout
from tests.unit.histories import (
    COMMAND,
    LAUNCHER,
    awaited,
    by_key,
    ended,
    greeted,
    history,
    looked,
    missed,
    over,
    process,
    received,
    replaced,
    sent,
    settings,
    started,
    supervised,
    waited,
)

TERM, INT, KILL = int(signal.SIGTERM), int(signal.SIGINT), int(signal.SIGKILL)


def on_terminal(*facts: Fact) -> History:
    made = supervised(*facts)
    return msgspec.structs.replace(made, scenario=Scenario((Type(b"fg\n"),), Stage(terminal=True, parent="job")))


def names(timeline: Timeline) -> list[str]:
    return [lane.name for lane in timeline.lanes]


def states(timeline: Timeline, name: str) -> list[str]:
    lane = names(timeline).index(name)
    return [bar.state for bar in sorted(timeline.bars, key=lambda bar: bar.first) if bar.lane == lane]


def signals_of(timeline: Timeline) -> list[tuple[str, str, str | None, bool]]:
    """Return the arrows of signals: name, from, to, and whether it was received."""
    lanes = names(timeline)
    return [
        (one.label, lanes[one.source], None if one.target is None else lanes[one.target], one.received is not None)
        for one in timeline.arrows
        if one.kind == "signal"
    ]


def marks(timeline: Timeline, name: str) -> list[tuple[str, str]]:
    lane = names(timeline).index(name)
    return [(mark.kind, mark.label) for mark in timeline.marks if mark.lane == lane]


# -- lanes


def test_lanes_are_ordered_from_proctor_to_grandchildren() -> None:
    child = greeted(settings(pid=30, ppid=COMMAND), "kid")
    rows = (process("launcher"), process("command"), Process(15, LAUNCHER, 10, 10, "S", "sh\x1b[2J"))
    timeline = layout(on_terminal(child, looked("step", *rows)))
    assert names(timeline) == ["proctor", "terminal", "launcher", "command", "pid 15", "kid"]
    assert [lane.label for lane in timeline.lanes][-2:] == ["sh\\x1b[2J", "kid"]
    assert timeline.lanes[2].note == "pid 10"


def test_a_helper_has_a_lane_between_the_launcher_and_its_command() -> None:
    rows = (process("launcher"), Process(11, LAUNCHER, 10, 10, "S", "sh"), process("command", pid=12, ppid=11))
    timeline = layout(history(started(), greeted(settings(pid=12, ppid=11)), looked("start", *rows)))
    assert names(timeline) == ["proctor", "launcher", "pid 11", "command"]
    assert timeline.parents == {2: 1, 3: 2}


def test_a_launcher_that_execs_its_command_has_one_lane() -> None:
    timeline = layout(replaced(sent(TERM), received(TERM, 1), *over(3)))
    assert names(timeline) == ["proctor", "launcher"]
    assert timeline.lanes[1].note == "pid 10 = command"
    assert signals_of(timeline) == [("SIGTERM", "proctor", "launcher", True)]
    assert (
        marks(timeline, "launcher")[-1] == ("end", "exit 3") and marks(timeline, "launcher").count(("end", "ends")) == 0
    )


def test_other_invocations_come_last_each_with_its_command() -> None:
    other = (Started("next", 30), greeted(settings(pid=31, ppid=30), "next-command"))
    assert names(layout(supervised(*other)))[-2:] == ["next", "next-command"]


def test_a_process_that_reuses_the_launchers_pid_is_not_the_launcher() -> None:
    timeline = layout(supervised(*over(), Started("stranger", LAUNCHER)))
    assert names(timeline) == ["proctor", "launcher", "command", "stranger"]


def test_processes_without_a_lane_are_counted() -> None:
    rows = tuple(Process(100 + n, LAUNCHER, 10, 10, "S", "sh") for n in range(40))
    timeline = layout(supervised(looked("step", *rows)))
    assert len(timeline.lanes) + timeline.left_out == 3 + 40
    assert names(timeline)[:3] == ["proctor", "launcher", "command"]


def test_a_command_that_never_started_has_a_lane_with_the_failed_wait() -> None:
    timeline = layout(history(started(), missed("command starts")))
    assert marks(timeline, "command") == [("missed", "starts")]


# -- states


def test_a_command_whose_launcher_ends_is_an_orphan() -> None:
    assert states(layout(supervised(ended("launcher", signal=TERM))), "command") == ["running", "orphaned"]
    never_seen_with_it = history(started(), ended("launcher", 143), greeted(settings(ppid=1)))
    assert states(layout(never_seen_with_it), "command") == ["orphaned"]


def test_a_reparented_process_is_an_orphan_from_the_next_snapshot_on() -> None:
    middle = Process(15, LAUNCHER, 10, 10, "S", "sh")
    start = looked("start", process("launcher", ppid=1), middle, process("command", ppid=15))
    end = looked("end", process("launcher", ppid=1), process("command", ppid=1))
    orphaned = history(started(), greeted(settings(ppid=15)), start, waited("command starts"), end)
    assert states(layout(orphaned), "command") == ["running", "orphaned"]


def test_stopped_held_and_running() -> None:
    facts = (Stopped("command"), Continued("command"), Held((LAUNCHER,)), Pressed("ctrl-c"), Released((LAUNCHER,)))
    timeline = layout(supervised(*facts, *over()))
    assert states(timeline, "command") == ["running", "stopped", "running"]
    assert states(timeline, "launcher") == ["running", "held", "running"]


def test_a_stop_is_drawn_once() -> None:
    timeline = layout(supervised(Stopped("command"), Stopped("command", 19), Continued("command")))
    assert [kind for kind, _ in marks(timeline, "command")] == ["start", "stop", "continue"]


def test_an_unreaped_process_is_a_zombie() -> None:
    seen = looked("end", process("launcher"), process("command", state="Z"))
    assert states(layout(supervised(ended("command"), end=seen)), "command") == ["running", "zombie"]
    assert states(layout(supervised(ended("command"))), "command") == ["running"]


def test_the_terminal_is_open_until_it_hangs_up() -> None:
    timeline = layout(on_terminal(HungUp(), *over()))
    (bar,) = [bar for bar in timeline.bars if timeline.lanes[bar.lane].name == "terminal"]
    assert (bar.state, timeline.moments[bar.last].event) == ("open", 3)


# -- arrows


def test_a_forwarded_signal_goes_through_the_launcher() -> None:
    timeline = layout(supervised(sent(TERM), received(TERM), *over()))
    assert signals_of(timeline) == [("SIGTERM", "proctor", "launcher", True), ("SIGTERM", "launcher", "command", True)]


def test_a_signal_without_receipt_has_no_end() -> None:
    (arrow,) = (one for one in layout(supervised(sent(TERM))).arrows if one.kind == "signal")
    assert (arrow.received, arrow.first, arrow.last) == (None, 2, 2)
    assert signals_of(layout(supervised(sent(TERM, "command")))) == [("SIGTERM", "proctor", "command", False)]


@pytest.mark.parametrize(
    ("number", "effect"),
    [
        (TERM, ended("launcher", signal=TERM)), (TERM, ended("launcher", 143)), (KILL, ended("launcher", None)),
        (int(signal.SIGSTOP), Stopped("launcher", 19)), (int(signal.SIGCONT), Continued("launcher")),
    ],
)  # fmt: skip
def test_an_effect_of_a_signal_is_its_receipt(number: int, effect: Fact) -> None:
    timeline = layout(supervised(sent(number), effect))
    assert signals_of(timeline) == [(signals.name(number), "proctor", "launcher", True)]
    assert timeline.moments[timeline.arrows[-1].last].event == 4


def test_an_effect_of_something_else_is_not_a_receipt() -> None:
    assert signals_of(layout(supervised(sent(TERM), ended("launcher", 1)))) == [
        ("SIGTERM", "proctor", "launcher", False)
    ]


def test_a_refused_signal_has_no_arrow() -> None:
    timeline = layout(supervised(sent(TERM, errno=3)))
    assert not timeline.arrows and ("sent", "SIGTERM refused") in marks(timeline, "proctor")


def test_a_key_goes_to_the_terminal_and_its_signal_to_every_receiver() -> None:
    timeline = layout(on_terminal(Pressed("ctrl-c"), by_key(INT), ended("launcher", signal=INT)))
    assert [one.kind for one in timeline.arrows if one.first == 2] == ["key", "signal", "signal"]
    assert signals_of(timeline) == [("SIGINT", "terminal", name, True) for name in ("command", "launcher")]


def test_each_of_two_keys_has_its_own_arrow() -> None:
    timeline = layout(on_terminal(Pressed("ctrl-c"), by_key(INT), Pressed("ctrl-c"), by_key(INT)))
    assert [(one.first, one.last) for one in timeline.arrows if one.kind == "signal"] == [(2, 3), (4, 5)]


def test_a_resize_and_a_hangup_send_terminal_signals() -> None:
    winch, hup = by_key(signal.SIGWINCH), by_key(signal.SIGHUP)
    timeline = layout(on_terminal(Resized(50, 132), winch, HungUp(), hup))
    assert signals_of(timeline) == [("SIGWINCH", "terminal", "command", True), ("SIGHUP", "terminal", "command", True)]
    assert ("order", "50x132") in marks(timeline, "proctor")


def test_a_stop_is_the_receipt_of_ctrl_z() -> None:
    timeline = layout(on_terminal(Pressed("ctrl-z"), Stopped("command")))
    assert signals_of(timeline) == [("SIGTSTP", "terminal", "command", True)]


def test_a_signal_to_the_group_reaches_each_member() -> None:
    timeline = layout(supervised(sent(TERM, "group"), received(TERM, 1), ended("launcher", 143)))
    assert signals_of(timeline) == [("SIGTERM", "proctor", "command", True), ("SIGTERM", "proctor", "launcher", True)]


def test_a_traced_call_is_the_start_of_its_signal() -> None:
    timeline = layout(supervised(SignalCall("kill", COMMAND, TERM, 0), received(TERM)))
    (arrow,) = timeline.arrows
    assert (timeline.moments[arrow.first].event, timeline.moments[arrow.last].event) == (3, 4)
    assert signals_of(layout(supervised(SignalCall("kill", 99, TERM, 0)))) == [("SIGTERM", "launcher", None, False)]


def test_an_order_goes_to_its_witness() -> None:
    (arrow,) = layout(supervised(Ordered("command", orders.Exit(0)))).arrows
    assert (arrow.kind, arrow.source, arrow.target) == ("order", 0, 2)


def test_arrows_have_the_times_of_sending_and_receipt() -> None:
    late = Received("command", TERM, 0, 1, 0.0035, "runner")
    (arrow,) = (one for one in layout(supervised(sent(TERM, "command"), late)).arrows)
    assert arrow == Arrow("signal", "SIGTERM", 0, 2, 2, 3, 0.003, 0.0035)


# -- schedules


POINT = Point("launcher", "clone", 1)


def test_schedule_points_are_in_the_lane_of_their_task() -> None:
    (directive,) = parse("at launcher clone#1 exit: deliver TERM to launcher").directives
    timeline = layout(supervised(PointReached(POINT), DirectiveApplied(directive, "done"), sent(TERM)))
    assert ("point", "clone#1 exit") in marks(timeline, "launcher")


def test_a_task_is_held_until_it_is_released() -> None:
    hold = Directive(Point("child1", "birth"), HoldTask("launcher"))
    facts = (
        PointReached(Point("child1", "birth")),
        DirectiveApplied(hold, "held"),
        sent(TERM),
        DirectiveApplied(hold, "let go"),
    )
    timeline = layout(history(started(), *facts))
    assert states(timeline, "child1") == ["running", "held", "running"]
    assert marks(timeline, "child1") == [("point", "birth"), ("hold", "held"), ("hold", "released")]


def test_the_first_child_is_the_command_if_its_pid_follows_the_launchers() -> None:
    timeline = layout(supervised(PointReached(Point("child1", "setsid"))))
    assert "child1" not in names(timeline) and ("point", "setsid#1 exit") in marks(timeline, "command")
    other = layout(history(started(), PointReached(Point("child1", "setsid")), greeted(settings(pid=13))))
    assert names(other) == ["proctor", "launcher", "child1", "command"]


def test_a_child_that_got_a_signal_is_identified_by_its_pid() -> None:
    facts = (PointReached(Point("child2", "setsid")), Sent(TERM, "child2", 13), greeted(settings(pid=13)))
    assert names(layout(history(started(), *facts))) == ["proctor", "launcher", "command"]


# -- marks and moments


@pytest.mark.parametrize(
    ("what", "lane", "label"),
    [
        (awaited("command receives SIGINT"), "command", "SIGINT"), (awaited("launcher ends"), "launcher", "ends"),
        (awaited("terminal shows Stopped"), "terminal", "'Stopped'"),
        (awaited("command continues"), "command", "continues"), (ScriptDone(), "proctor", "comes to its end"),
        (awaited("nobody ends"), "proctor", "ends"),
    ],
)  # fmt: skip
def test_a_failed_wait_is_in_the_lane_of_its_process(what: Awaited, lane: str, label: str) -> None:
    timeline = layout(on_terminal(WaitFailed(what, 0.1, True)))
    assert ("missed", label) in marks(timeline, lane)


def test_cited_events_are_marked() -> None:
    timeline = layout(supervised(sent(TERM), received(TERM)), violated=[4])
    assert [mark.event for mark in timeline.marks if mark.violated] == [4]


def test_output_in_pieces_is_one_mark_and_cited_by_any_piece() -> None:
    pieces = (Output("terminal", b"Sto"), waited("command starts"), Output("terminal", b"pped\r\n\x1b[2J"))
    timeline = layout(on_terminal(*pieces, Pressed("ctrl-c"), Output("terminal", b"^C")), violated=[5])
    assert marks(timeline, "terminal") == [("output", "Stopped \\x1b[2J"), ("output", "^C")]
    assert [mark.label for mark in timeline.marks if mark.violated] == ["Stopped \\x1b[2J"]


def test_typed_text_is_shown_if_the_script_has_it() -> None:
    timeline = layout(on_terminal(Typed(3, zlib.crc32(b"fg\n")), Typed(9, 1)))
    assert [label for kind, label in marks(timeline, "proctor") if kind == "key"] == ["fg", "9 bytes"]


def test_every_drawable_event_is_a_moment_in_order() -> None:
    made = supervised(sent(TERM), waited("command starts"), received(TERM), *over())
    timeline = layout(made)
    assert [moment.event for moment in timeline.moments] == [0, 1, 3, 5, 6, 7, 8]
    assert [moment.time for moment in timeline.moments] == [e / 1000 for e in (0, 1, 3, 5, 6, 7, 8)]
    assert not any(mark.moment == 6 for mark in timeline.marks)  # the end, at which there is nothing to see


def test_of_a_long_history_both_ends_and_cited_events_are_drawn() -> None:
    timeline = layout(supervised(*(received(10) for _ in range(5000)), *over(3)), violated=[2500])
    assert len(timeline.moments) == FIRST_MOMENTS + 1 + LAST_MOMENTS + 1
    assert sum(moment.left_out for moment in timeline.moments) == 5000 + 4 - len(timeline.moments) + 1
    assert any(mark.violated and mark.event == 2500 for mark in timeline.marks)


def test_indexes_hold_if_the_results_omit_events() -> None:
    made = supervised(*(received(10) for _ in range(9)), *over())
    timeline = layout(msgspec.structs.replace(made, events=(*made.events[:4], *made.events[-3:])), violated=[12])
    assert [moment.event for moment in timeline.moments] == [0, 1, 3, 12, 13, 14]
    assert [mark.event for mark in timeline.marks if mark.violated] == [12]


def test_an_empty_history_is_an_empty_timeline() -> None:
    timeline = layout(history())
    assert (names(timeline), timeline.moments, timeline.marks) == (["proctor"], (), ())


def test_labels_are_short_and_harmless() -> None:
    hostile: Any = Output("terminal", b"\x1b]0;owned\x07<script>" + "e\u0301\u202e".encode() + b"\xff" * 90)
    (mark,) = (one for one in layout(on_terminal(hostile)).marks if one.kind == "output")
    assert isinstance(mark, Mark) and len(mark.label) <= 22 and mark.label.isprintable()
    assert "\x1b" not in mark.text


def test_the_end_of_a_history_is_a_moment() -> None:
    made = history(started(), Ended("launcher", LAUNCHER, 0))
    late = Event(9, 5.0, "runner", looked("end"))
    timeline = layout(msgspec.structs.replace(made, events=(*made.events, late)))
    assert timeline.moments[-1] == (9, 5.0, 0)
