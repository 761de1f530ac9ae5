"""Which modes of the terminal are left changed by what was written to it: for checks, and for exported scripts."""

from __future__ import annotations

import pytest

from proctor.conformance.checks.screen import changed_modes, in_words
from proctor.reports.reproducer.parts import screen as of_scripts

CURSOR, ALTERNATE, PASTE, MOUSE = "cursor", "alternate screen", "bracketed paste", "mouse reports"
KEYS, KEYPAD, WRAP = "application cursor keys", "application keypad", "line wrapping"
AS_IN_SCRIPTS = {CURSOR: "hidden cursor", WRAP: "no line wrapping"}


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (b"", []),
        (b"\x1b[?25l", [CURSOR]),
        (b"\x1b[?25lworking...\x1b[?25h", []),
        (b"\x1b[?25h\x1b[?25l", [CURSOR]),
        (b"\x1b[?25;1049h", [ALTERNATE]),
        (b"\x1b[?1049;25l", [CURSOR]),
        (b"\x1b[?1049h\x1b[?25l\x1b[?25;1049l", [CURSOR]),
        (b"\x1b[?1049h\x1b[?47l", []),
        (b"\x1b[?47h", [ALTERNATE]),
        (b"\x1b[?1047h", [ALTERNATE]),
        (b"\x1b[?1000;1002;1006h", [MOUSE]),
        (b"\x1b[?1000;1002;1006h\x1b[?1002l", []),
        (b"\x1b[?1006h\x1b[?12l", []),
        (b"\x1b[?2004h", [PASTE]),
        (b"\x1b[?1004h", ["focus reports"]),
        (b"\x1b[?5h", ["reverse video"]),
        (b"\x1b[?7l", [WRAP]),
        (b"\x1b[?7h", []),
        (b"\x1b[?1h\x1b=", [KEYS, KEYPAD]),
        (b"\x1b[?1h\x1b=\x1b[?1l\x1b>", []),
        (b"\x1b=\x1b[?66l", []),
        (b"\x1b[?25l\x1b[?1049h\x1b[?2004h\x1bc", []),
        (b"\x1bc\x1b[?25l", [CURSOR]),
        (b"\x1b[?25l\x1b[?7l\x1b[?1h\x1b=\x1b[?1049h\x1b[!p", [ALTERNATE]),
        (b"\x1b[?25s\x1b[?25l\x1b[?25r", []),
        (b"\x1b[?25l\x1b[?25s\x1b[?25h\x1b[?25r", [CURSOR]),
        (b"\x1b[?25l\x1b[?25r", [CURSOR]),
        (b"\x1b[?2004$p\x1b[?6n\x1b[25l\x1b[>4h\x1b(c", []),
        (b"\x1b[?25", []),
        (b"?25l [?25l ^[[?25l", []),
        (b"\x1b]0;title\x07\x1b[?25l", [CURSOR]),
        (b"\x1b\x1b[?25l", [CURSOR]),
        (b"\x1b[?" + b"9" * 5000 + b";25l", [CURSOR]),
        (b"\xff\xfe\x1b[?25l\xff", [CURSOR]),
    ],
)
def test_modes_left_changed(written: bytes, left: list[str]) -> None:
    assert [*changed_modes(written)] == left
    text = written.decode(errors="replace")
    assert of_scripts.changed_modes(text) == [AS_IN_SCRIPTS.get(one, one) for one in left]


def test_the_place_is_that_of_the_sequence_that_changed_the_mode() -> None:
    assert changed_modes(b"ab\x1b[?25l\x1b[?25h.\x1b[?25l\x1b[?25l") == {"cursor": 15}


def test_states_in_words() -> None:
    assert [in_words(CURSOR, is_changed) for is_changed in (False, True)] == ["shown", "hidden"]
    assert [in_words(WRAP, is_changed) for is_changed in (False, True)] == ["on", "off"]
    assert [in_words(PASTE, is_changed) for is_changed in (False, True)] == ["off", "on"]
