"""The SVG of a timeline: it is complete and harmless, and no label is overdrawn."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import msgspec
import pytest

from proctor.harness import orders
from proctor.harness.history import (
    Answered,
    Continued,
    DirectiveApplied,
    Ended,
    Event,
    FilesChanged,
    Held,
    HelperReady,
    History,
    HungUp,
    LimitExceeded,
    Notified,
    NotReached,
    NotStarted,
    Ordered,
    Output,
    PeerRefused,
    PointReached,
    Pressed,
    Printed,
    Process,
    Reaped,
    Released,
    Resized,
    SignalCall,
    Stopped,
    TempFilesLeft,
    Typed,
    Unobserved,
    WaitFailed,
)
from proctor.harness.scenario import Scenario, Stage, WaitOutput
from proctor.harness.schedule import Directive, HoldTask, Point
from proctor.reports.timeline.layout import layout
from proctor.reports.timeline.shapes import LEGEND, shape
from proctor.reports.timeline.spacing import duration, positions, text_width
from proctor.reports.timeline.svg import svg
from tests.unit.histories import (
    COMMAND,
    LAUNCHER,
    by_key,
    ended,
    greeted,
    looked,
    missed,
    over,
    process,
    received,
    sent,
    settings,
    supervised,
)

SVG = "{http://www.w3.org/2000/svg}"
TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)
HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script>\"'&]]>--><svg onload=alert(1)>\ud800\u202e\x00\ufffe"
HOLD = Directive(Point("child2", "birth"), HoldTask("launcher"))
ALL = supervised(
    greeted(settings(pid=30, ppid=COMMAND), "kid"), HelperReady("backend", 21),
    Ordered("command", orders.ExitOn(12, 1)),
    Answered("command", "exit-on"), Answered("command", "import", error=2), Pressed("ctrl-c"),
    Output("terminal", b"^C"), by_key(INT), received(INT), sent(TERM), SignalCall("kill", COMMAND, TERM, 0),
    received(TERM), sent(TERM, "command"), sent(TERM, "command"), sent(TERM, "kid", errno=3), Resized(50, 132),
    by_key(signal.SIGWINCH), Held((LAUNCHER,)), Typed(9, 1), Released((LAUNCHER,)), Stopped("command"),
    Continued("command"), PointReached(Point("launcher", "clone")), PointReached(Point("child2", "birth")),
    DirectiveApplied(HOLD, "held"),
    DirectiveApplied(HOLD, "forced"), NotReached(HOLD), FilesChanged("end", (), 3), TempFilesLeft(("a",)),
    Printed("kid", b"x"),
    Notified(LAUNCHER, "READY=1"), PeerRefused(0, 0, "outside"),
    Unobserved("ptrace-refused"), NotStarted("exec", 2), HungUp(), by_key(signal.SIGHUP),
    ended("launcher", 143), Reaped("command", COMMAND), missed("command receives SIGINT"),
    missed("terminal shows x"), LimitExceeded("processes", 400), Output("stdout", b"x" * 99),
    Ended("kid", 30, signal=TERM),
    end=looked("end", process("kid", state="Z", pid=30), Process(99, 1, 1, 1, "S", "sh")),
)  # fmt: skip
"""A history with every kind of drawn fact."""


def uneven(history: History) -> History:
    """Return a history on a terminal with times that are alternately microseconds and seconds apart."""
    times = [sum(1e-6 if n % 5 else 2.0 for n in range(m)) for m in range(len(history.events))]
    events = (Event(e.index, time, e.source, e.fact) for e, time in zip(history.events, times, strict=True))
    return msgspec.structs.replace(history, events=tuple(events), scenario=Scenario((), Stage(terminal=True)))


def drawn(history: History, violated: tuple[int, ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(svg(layout(history, violated), "a title"))


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    text: str

    def meets(self, other: Box) -> bool:
        across = self.left < other.right - 0.5 and other.left < self.right - 0.5
        return across and self.top < other.bottom and other.top < self.bottom


def labels(element: ElementTree.Element, dx: float = 0.0, dy: float = 0.0) -> Iterator[Box]:
    if moved := re.match(r"translate\((\S+) (\S+)\)", element.get("transform", "")):
        dx, dy = dx + float(moved[1]), dy + float(moved[2])
    if element.tag == f"{SVG}text" and element.text:
        kind = element.get("class", "")
        wide = text_width(element.text) * (
            10 / 11 if "note" in kind or "tick" in kind else 12 / 11 if "lane" in kind else 1
        )
        x = float(element.get("x", 0)) + dx - (wide / 2 if "mid" in kind else 0)
        y = float(element.get("y", 0)) + dy
        yield Box(x, y - 8, x + wide, y + 2, element.text)
    for child in element:
        yield from labels(child, dx, dy)


def verticals(root: ElementTree.Element) -> Iterator[Box]:
    """Yield the vertical parts of arrows and birth lines."""
    for path in root.iter(f"{SVG}path"):
        line = re.match(r"M(\S+) (\S+)V([-\d.]+)", path.get("d", ""))
        if line and path.get("class") in (None, "birth"):
            x, top, bottom = float(line[1]), *sorted((float(line[2]), float(line[3])))
            yield Box(x - 0.5, top + 2, x + 0.5, bottom - 2, "a line")


BORN = supervised(received(TERM), greeted(settings(pid=30, ppid=LAUNCHER), "kid"))
"""A child whose birth line passes the label of another lane."""


@pytest.mark.parametrize("history", [ALL, uneven(ALL), supervised(), BORN], ids=["all", "uneven", "none", "born"])
def test_no_label_is_overdrawn(history: History) -> None:
    root = drawn(history, (9, 10))
    boxes = list(labels(root))
    assert [(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :] if a.meets(b)] == []
    assert [(a, b) for a in verticals(root) for b in boxes if a.meets(b)] == []
    whole = Box(0, 0, float(root.get("width", 0)), float(root.get("height", 0)), "")
    assert all(whole.left <= b.left and b.right <= whole.right and b.bottom <= whole.bottom for b in boxes)


def test_overlapping_labels_would_be_found() -> None:
    """The test above is effective: it finds a label that was moved onto another one."""
    root = drawn(ALL)
    one, other = [text for text in root.iter(f"{SVG}text") if text.get("class") == "lane"][:2]
    other.set("y", one.get("y", ""))
    boxes = list(labels(root))
    assert any(a.meets(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])


def test_moments_are_in_order_and_long_waits_are_not_wide() -> None:
    timeline = layout(uneven(ALL))
    xs = positions(timeline)
    assert all(a + 10 < b for a, b in itertools.pairwise(xs))
    assert xs[-1] < 130 * len(xs)  # 70 s take little space
    said = {box.text for box in labels(ElementTree.fromstring(svg(timeline, "t")))}
    assert {"2.00 s", "ms, not to scale"} <= said


def test_each_mark_has_a_title_and_keyboard_focus() -> None:
    timeline = layout(ALL, (8,))
    root = ElementTree.fromstring(svg(timeline, "t"))
    groups = [one for one in root.iter(f"{SVG}g") if one.get("tabindex") == "0"]
    assert [int(one.get("data-event", -1)) for one in groups] == [mark.event for mark in timeline.marks]
    titles = [one.findtext(f"{SVG}title") or "" for one in groups]
    assert all(mark.text in title and " ms: " in title for mark, title in zip(timeline.marks, titles, strict=True))
    assert [one.get("data-event") for one in groups if "violated" in one.get("class", "")] == ["8"]


def test_a_description_for_screen_readers() -> None:
    root = drawn(supervised(sent(TERM), *over(3)))
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title" and root[0].text == "a title"
    assert root[1].tag == f"{SVG}desc" and "3.00 ms: we sent SIGTERM to launcher\n" in (root[1].text or "")


def test_an_arrow_without_receipt_looks_different() -> None:
    lost = next(one for one in drawn(supervised(sent(TERM))).iter(f"{SVG}g") if one.get("class") == "arrow a-lost")
    assert lost.findtext(f"{SVG}title") == "SIGTERM from Proctor to launcher: receipt not observed"


def test_signals_pending_at_the_same_time_have_different_tracks() -> None:
    root = drawn(supervised(sent(10, "command"), sent(12, "command"), received(10, 1), received(12, 1)))
    paths = [path.get("d", "") for path in root.iter(f"{SVG}path")]
    levels = [match[1] for path in paths if (match := re.match(r"M\S+ \S+V([\d.]+)q", path))]
    assert len(levels) == len(set(levels)) == 2


def test_text_of_a_launcher_is_escaped() -> None:
    hostile = HOSTILE.encode("utf-8", "surrogatepass")
    rows = looked("step", Process(99, LAUNCHER, 1, 1, "S", HOSTILE))
    facts = (
        Output("terminal", hostile),
        Notified(LAUNCHER, HOSTILE),
        WaitFailed(WaitOutput(HOSTILE), 1.0, True, (process("", name=HOSTILE),)),
        rows,
    )
    made = supervised(
        *facts, Printed("command", hostile), TempFilesLeft((HOSTILE,)), Answered("command", HOSTILE, text=HOSTILE)
    )
    text = svg(layout(made), HOSTILE)
    root = ElementTree.fromstring(text.encode())
    allowed = {"svg", "title", "desc", "style", "g", "text", "path", "rect", "circle"}
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == allowed
    assert not any(key.startswith("on") or "href" in key for one in root.iter() for key in one.attrib)
    assert "<script" not in text and "\x1b" not in text and "\u202e" not in text


def test_a_page_can_set_the_colours() -> None:
    text = svg(layout(ALL), "t")
    style = ElementTree.fromstring(text).findtext(f"{SVG}style") or ""
    assert "url(" not in style and "@import" not in style and "currentColor" in style
    names = re.findall(r"var\(([\w-]+),", style)
    assert len(names) == style.count("var(") > 5 and all(name.startswith("--proctor-") for name in names)
    rules = re.findall(r"([^{}]+)\{[^{}]*\}", re.sub(r"@media [^{]*\{", "", style))
    assert len(rules) > 20 and all(".proctor-timeline" in part for rule in rules for part in rule.split(","))
    without = svg(layout(ALL), "t", style=False)
    assert "<style" not in without and ElementTree.fromstring(without) is not None


def test_each_shape_is_in_the_legend() -> None:
    legend = {box.text for box in labels(drawn(ALL, (9,)))} & set(LEGEND.values())
    assert legend == set(LEGEND.values())
    shapes = [shape(name) for name in LEGEND]
    states = {shape(name) for name in ("running", "stopped", "held", "orphaned", "zombie")}
    assert len(set(shapes)) == len(shapes) - 5 + len(states)  # states differ by the style of their lines


def test_the_svg_is_small() -> None:
    """A page can have hundreds of timelines."""
    assert len(svg(layout(supervised(sent(TERM), received(TERM), *over())), "t", style=False)) < 4000
    flood = supervised(*(received(10) for _ in range(1000)))
    assert len(svg(layout(flood), "t")) < 120_000


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0000123, "12 \u00b5s"), (0.0035, "3.5 ms"), (0.1023, "102 ms"), (2.111, "2.11 s"), (61.0, "61.0 s")],
)
def test_durations_have_a_suitable_unit(seconds: float, said: str) -> None:
    assert duration(seconds) == said
