"""Failures as Perfetto traces and as asciicasts: they follow the rules of their formats and are harmless.

The rules are from the Trace Event Format (Chromium, "Flow events", "Complete events", "Metadata events") and of
asciicast v2 (asciinema).
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from typing import Any

import msgspec
import pytest

from proctor.harness import orders
from proctor.harness.errors import UsageError
from proctor.harness.history import History, HungUp, Ordered, Output, Pressed, Received, Resized, Typed
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.violation import Violation
from proctor.reports.asciicast import asciicast
from proctor.reports.filtering import selected
from proctor.reports.perfetto import perfetto
from proctor.reports.results import Failure, Launcher, Results
from tests.unit.histories import LAUNCHER, by_key, history, over, received, replaced, sent, started, supervised

TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)
HOSTILE = '\x1b]0;owned\x07<script>"}]\\'
FORWARDED = supervised(sent(TERM), received(TERM), *over())
LOST = supervised(sent(TERM), *over(1))


def failure(its: History = FORWARDED, requirement: str = "SIG-1", bare: History | None = None) -> Failure:
    return Failure(requirement, "case", "fail", [Violation("SIG-1/wrong", {}, "a", "b", (4,))], its, bare)


def results(*failures: Failure, name: str = "tini") -> Results:
    return Results(2, Launcher(name, "1.0"), {}, failures=list(failures))


# -- Perfetto


def trace(*documents: Results) -> list[dict[str, Any]]:
    whole = json.loads(perfetto(list(documents)))
    assert whole.keys() == {"traceEvents", "displayTimeUnit"}
    events: list[dict[str, Any]] = whole["traceEvents"]
    return events


def encloses(event: dict[str, Any], ts: float) -> bool:
    return bool(event["ts"] <= ts <= event["ts"] + event["dur"])


def obeys_the_rules(events: list[dict[str, Any]]) -> bool:
    for event in events:
        assert event["ph"] in "MXisf" and isinstance(event["pid"], int) and isinstance(event["tid"], int)
        assert event["ph"] == "M" or event["ts"] >= 0
        assert event.get("dur", 0) >= 0
    slices = [event for event in events if event["ph"] == "X"]
    for tid in {event["tid"] for event in slices}:
        nests([event for event in slices if event["tid"] == tid])
    for pid in {event["pid"] for event in events}:
        times = [event["ts"] for event in events if event["pid"] == pid and event["ph"] != "M"]
        assert times == sorted(times)
    ids = Counter((event["id"], event["ph"]) for event in events if event["ph"] in "sf")
    assert set(ids.values()) <= {1} and {key for key, _ in ids} == {key for key, ph in ids if ph == "s"}
    return all(binds(event, events) for event in events if event["ph"] in "sf")


def nests(slices: list[dict[str, Any]]) -> None:
    """Assert that of two overlapping slices of a thread, one encloses the other."""
    for n, one in enumerate(slices):
        for other in slices[n + 1 :]:
            (a, b), (c, d) = sorted((e["ts"], e["ts"] + e["dur"]) for e in (one, other))
            assert b <= c or d <= b + 1e-6 or a == c


def binds(flow: dict[str, Any], events: list[dict[str, Any]]) -> bool:
    """Whether the innermost slice around an end of a flow belongs to its signal."""
    around = [e for e in events if e["ph"] == "X" and e["tid"] == flow["tid"] and encloses(e, flow["ts"])]
    innermost = min(around, key=lambda event: event["dur"])
    other = next(e for e in events if e.get("id") == flow["id"] and e["ph"] != flow["ph"])
    assert (other["cat"], other["name"]) == (flow["cat"], flow["name"])
    assert flow["ph"] == "s" or (flow["bp"] == "e" and flow["ts"] >= other["ts"])
    return bool(innermost["cat"] == flow["cat"] and flow["name"] in innermost["name"])


def test_signals_are_flows_between_slices_of_their_lanes() -> None:
    made = supervised(sent(TERM), Received("command", TERM, 0, LAUNCHER, 0.0039, "launcher"), *over())
    events = trace(results(failure(made)))
    assert obeys_the_rules(events)
    threads = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert list(threads.values()) == ["Proctor", "launcher pid 10", "command pid 11"]
    ends = [(e["ph"], e["ts"], threads[e["tid"]]) for e in events if e["ph"] in "sf"]
    assert ends == [
        ("s", 3000.002, "Proctor"), ("s", 3900.002, "launcher pid 10"), ("f", 3900.004, "command pid 11"),
        ("f", 4000.002, "launcher pid 10"),
    ]  # fmt: skip


def test_a_lost_signal_has_only_a_start() -> None:
    events = trace(results(failure(LOST)))
    assert obeys_the_rules(events)
    assert not [e for e in events if e["ph"] in "sf"]
    assert "SIGTERM to launcher, receipt not observed" in [e["name"] for e in events]


def test_states_are_slices_and_cited_events_are_marked() -> None:
    events = trace(results(failure()))
    states = [(e["name"], e["ts"], e["dur"]) for e in events if e.get("cat") == "state"]
    assert ("running", 0.0, 6000.0) in states and ("running", 1000.0, 4000.0) in states
    (cited,) = (e for e in events if e.get("args", {}).get("violation"))
    assert cited["args"] == {"event": 4, "what": "command received SIGTERM from launcher", "violation": True}


def test_many_events_at_the_same_time_obey_the_rules() -> None:
    keys = [
        fact
        for _ in range(9)
        for fact in (Pressed("ctrl-c"), by_key(INT), received(INT), Ordered("command", orders.Exit(0)))
    ]
    made = supervised(*keys, sent(TERM, "group"), received(TERM, 1), HungUp(), *over())
    at_once = (msgspec.structs.replace(event, time=0.005) for event in made.events)
    made = msgspec.structs.replace(made, events=tuple(at_once), scenario=Scenario((), Stage(terminal=True)))
    events = trace(results(failure(made)))
    assert obeys_the_rules(events)
    assert len([e for e in events if e["ph"] == "s" and e["cat"] == "signal"]) >= 19


def test_each_history_is_a_process() -> None:
    one = results(failure(bare=replaced()), failure(LOST, "SIG-2"))
    events = trace(one, results(failure(), name=HOSTILE))
    assert obeys_the_rules(events)
    names = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert list(names.values())[:3] == ["tini: SIG-1", "tini: SIG-1, the command alone", "tini: SIG-2"]
    assert len(names) == 4 and "\x1b" not in "".join(names.values())
    tids = [(e["tid"], e["pid"]) for e in events if e["name"] == "thread_name"]
    assert len({tid for tid, _ in tids}) == len(tids)


def test_no_text_ends_with_a_backslash_before_its_quote() -> None:
    made = history(started(), Pressed("ctrl-\\"), Output("terminal", HOSTILE.encode()))
    text = perfetto([results(failure(made))])
    assert "\\\\" not in text and "Ctrl-\\u005c" in text
    assert any(e["name"] == "Ctrl-\\ to terminal" for e in json.loads(text)["traceEvents"])


# -- asciicast


def on_terminal(*facts: Any, rows: int = 24, columns: int = 80) -> History:
    stage = Stage(terminal=True, rows=rows, columns=columns)
    return msgspec.structs.replace(history(started(), *facts), scenario=Scenario((), stage))


def recording(its: History) -> tuple[dict[str, Any], list[list[Any]]]:
    lines = [json.loads(line) for line in asciicast([results(failure(its))]).splitlines()]
    assert all(len(row) == 3 and row[1] in "oirm" and isinstance(row[2], str) for row in lines[1:])
    times = [row[0] for row in lines[1:]]
    assert times == sorted(times) and all(time >= 0 for time in times)
    return lines[0], lines[1:]


def printed(*pieces: bytes) -> str:
    _, rows = recording(on_terminal(*(Output("terminal", piece) for piece in pieces)))
    return "".join(row[2] for row in rows)


def test_a_recording_has_the_size_and_the_events_of_the_terminal() -> None:
    facts = (Output("terminal", b"$ "), Pressed("ctrl-c"), Resized(50, 132), sent(TERM), Typed(3, 1), HungUp())
    head, rows = recording(on_terminal(*facts, rows=20, columns=70))
    assert head == {
        "version": 2, "width": 70, "height": 20, "title": "tini 1.0: SIG-1", "env": {"TERM": "xterm-256color"},
    }  # fmt: skip
    assert rows == [
        [0.001, "o", "$ "], [0.002, "i", "\x03"], [0.003, "r", "132x50"], [0.004, "m", "we sent SIGTERM to launcher"],
        [0.006, "m", "we hung up"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ((b"\x1b[31mred\x1b[0m\r\n\x1b[2J\x1b[?25l",), "\x1b[31mred\x1b[0m\r\n\x1b[2J\x1b[?25l"),
        ((b"\x1b", b"[3", b"1mred"), "\x1b[31mred"),
        ((b"\xc3", b"\xa9 \xff \xe2\x82"), "\u00e9 \ufffd \ufffd"),
        ((b"\x1b]0;owned\x07\x1b]52;c;eA==\x1b\\",), "\\x1b]0;owned\\x07\\x1b]52;c;eA==\\x1b\\"),
        ((b"\x1b[6n\x1b[c\x1b[21t\x05\x1bP$q\x1b\\",), "\\x1b[6n\\x1b[c\\x1b[21t\\x05\\x1bP$q\\x1b\\"),
        ((b"\x1b[?1000h\x1bc\xc2\x9b31m\xe2\x80\xae",), "\\x1b[?1000h\\x1bc\\x9b31m\\u202e"),
        ((b"end\x1b[3",), "end\\x1b[3"),
    ],
    ids=["draws", "in-pieces", "characters", "osc", "answers", "modes", "unfinished"],
)
def test_only_drawing_sequences_are_kept(pieces: tuple[bytes, ...], shown: str) -> None:
    assert printed(*pieces) == shown


def test_lines_of_a_pipe_get_carriage_returns() -> None:
    made = history(Output("stdout", b"one\ntwo\n"), Output("stderr", b"three\r\n"))
    assert [row[2] for row in recording(made)[1]] == ["one\r\ntwo\r\n", "three\r\n"]


def test_one_of_several_failures_must_be_selected() -> None:
    play, silent = on_terminal(Output("terminal", b"x")), failure(LOST, "EXIT-1")
    document = results(failure(play), failure(play, "TTY-3"), silent)
    with pytest.raises(
        UsageError, match=r"there are 2; choose one with:\n  --requirement SIG-1\n  --requirement TTY-3$"
    ):
        asciicast([document])
    with pytest.raises(UsageError, match="--requirement SIG-1 --target 'setsid --wait'"):
        asciicast([document, results(failure(play), name="setsid --wait")])
    assert asciicast(selected([document, results(name="other")], "tini", "TTY-3"))
    assert asciicast([results(failure(play), silent)])  # the only one with output
    with pytest.raises(UsageError, match="nothing was printed in EXIT-1 of tini"):
        asciicast([results(silent)])


def test_a_missing_launcher_or_requirement_is_an_error() -> None:
    documents = [results(failure(), failure(LOST, "TTY-3")), results(name="timeout")]
    with pytest.raises(UsageError, match=r"--target=tinni: .*did you mean 'tini'.*they are for: tini, timeout"):
        selected(documents, "tinni")
    with pytest.raises(UsageError, match=r"--requirement=TTY-2: .*did you mean 'TTY-3'.*failed are: SIG-1, TTY-3"):
        selected(documents, "", "TTY-2")
    for wanted in (asciicast, perfetto):
        with pytest.raises(UsageError, match="no failure with a history"):
            wanted(selected(documents, "timeout"))
    assert [one.target.name for one in selected(documents, "timeout")] == ["timeout"]
