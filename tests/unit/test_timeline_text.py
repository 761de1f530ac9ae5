"""The timeline in a terminal: rows, arrows, and ASCII output."""

from __future__ import annotations

import io
import signal

from rich.console import Console

from proctor.harness.history import History, NotStarted, Output, Pressed, Process
from proctor.reports.timeline.layout import layout
from proctor.reports.timeline.text import ASCII, UNICODE, print_timeline
from tests.unit.histories import (
    LAUNCHER,
    by_key,
    ended,
    history,
    looked,
    missed,
    over,
    process,
    received,
    sent,
    supervised,
)

TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)


def printed(made: History, violated: tuple[int, ...] = (), terminal: bool = False, width: int = 200) -> list[str]:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    console = Console(file=out, force_terminal=terminal, width=width, color_system=None)
    print_timeline(layout(made, violated), console)
    out.seek(0)
    return [line.rstrip() for line in out.read().splitlines()]


def test_a_signal_is_followed_from_lane_to_lane() -> None:
    lines = printed(supervised(sent(TERM), received(TERM), *over(3)), (4,))
    assert lines == [
        "                    Proctor  launcher  command",
        "   0      0.00 ms      '         +              launcher started as pid 10: launcher",
        "   1      1.00 ms      '         |        +     command runs as pid 11",
        "   3      3.00 ms      o         |        |     we sent SIGTERM to launcher",
        "   4      4.00 ms !    '-------->|------->*     command received SIGTERM from launcher",
        "   5      5.00 ms      '         |        x     command ended",
        "   6      6.00 ms      '         x              launcher ended with exit code 3",
    ]


def test_a_lost_signal_and_an_orphan_are_visible() -> None:
    lines = printed(supervised(sent(TERM), ended("launcher", 1), missed("command receives SIGTERM")))
    assert lines[3].startswith("   3      3.00 ms      o~~~~~~~~?|        |     we sent")
    assert lines[5].startswith("   5      5.00 ms      '                  ?     timed out: the command receives")
    assert UNICODE.states["orphaned"] == "║" and ASCII.states["orphaned"] == "!"


def test_an_arrow_crosses_the_lanes_between() -> None:
    lines = printed(supervised(Pressed("ctrl-c"), by_key(INT)))
    assert lines[3].startswith("   3      3.00 ms      #-------->'         |        |     we pressed ctrl-c")
    assert lines[4].startswith("   4      4.00 ms      '         '---------+------->*     command received SIGINT")


def test_a_terminal_gets_unicode_and_a_file_ascii() -> None:
    made = supervised(sent(TERM), received(TERM), ended("launcher", 0), missed("command ends"))
    plain, pretty = "\n".join(printed(made)), "\n".join(printed(made, terminal=True))
    assert plain.isascii()
    assert "────────▶┃───────▶●" in pretty and "║" not in plain and "×" in pretty


def test_descriptions_wrap_beside_the_lanes_on_a_narrow_terminal() -> None:
    lines = printed(supervised(sent(TERM), received(TERM)), terminal=True, width=70)
    assert all(len(line) <= 70 for line in lines)
    at = next(n for n, line in enumerate(lines) if "we sent" in line)
    assert lines[at].index("we sent") == lines[at + 1].index("launcher")


def test_long_waits_and_omitted_events_are_labelled() -> None:
    made = supervised(*(received(10) for _ in range(500)))
    assert any(": 322 more events, 323 ms" in line for line in printed(made))


def test_hostile_output_and_names_are_made_harmless() -> None:
    rows = looked("step", process("launcher"), Process(99, LAUNCHER, 1, 1, "S", "\x1b]0;x\x07[bold]\u6f22\u5b57"))
    lines = printed(supervised(rows, Output("stdout", b"\x1b[2J[red]\xff\n"), NotStarted("[/]\x1b", 2)), terminal=True)
    text = "\n".join(lines)
    assert "\x1b" not in text and "\\x1b[2J[red]" in text and "[/]\\x1b" in text


def test_an_empty_history_has_only_the_lane_of_proctor() -> None:
    assert printed(history()) == ["                    Proctor"]
