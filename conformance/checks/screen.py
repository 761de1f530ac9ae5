"""What a user finds on the terminal after what was written to it: is the cursor shown, which modes are on?

A terminal has no call that tells; only what was written to it does. Sources: XTerm Control Sequences (ctlseqs), "DEC
Private Mode Set (DECSET)" and the following; VT510 Video Terminal Programmer Information, RIS, DECSTR.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect

from proctor.conformance.checks.common import NotObservable, at_end, end_of, has, needs_all_output, needs_whole_script
from proctor.harness.history import Answered, History, HungUp, Ordered, Output

_SEQUENCE = re.compile(rb"\x1b(?:\[\?(?P<numbers>[0-9;]*)(?P<final>[hlsr])|(?P<keypad>[=>])|(?P<soft>\[!p)|c)")
"""Sets, resets, saves or restores private modes; changes the keypad; DECSTR; RIS."""
_MOUSE, _ALTERNATE = "mouse reports", "alternate screen"
_CURSOR, _WRAP, _CURSOR_KEYS, _KEYPAD = "cursor", "line wrapping", "application cursor keys", "application keypad"
_MODES = {
    b"1": _CURSOR_KEYS, b"5": "reverse video", b"7": _WRAP, b"25": _CURSOR, b"66": _KEYPAD, b"1004": "focus reports",
    b"2004": "bracketed paste", b"9": _MOUSE, b"1000": _MOUSE, b"1001": _MOUSE, b"1002": _MOUSE, b"1003": _MOUSE,
    b"47": _ALTERNATE, b"1047": _ALTERNATE, b"1049": _ALTERNATE,
}  # fmt: skip
"""Private modes that a user notices. Several numbers of one name are one mode: in xterm, each of them turns it off. How
the mouse is reported (1005, 1006, 1015) has no effect while it is not reported."""
_ON_AT_FIRST = (_CURSOR, _WRAP)
_SOFT_RESET = (_CURSOR, _WRAP, _CURSOR_KEYS, _KEYPAD)
"""What DECSTR resets."""


def left_changed(history: History) -> dict[str, int]:
    """Return the modes that are left changed, and for each the event in which it was."""
    _needs_known_screen(history)
    return _changed([(event.index, fact.data) for event, fact in history.all(Output) if fact.stream == "terminal"])


def changed_at_start(history: History) -> dict[str, int]:
    """Return the modes that are changed when the command has started and all is at rest, which is when it is given its
    first order; and for each the event in which it was."""
    first = next((event.index for event, _ in history.all(Ordered)), -1)
    if first < 0:
        needs_whole_script(history)
    needs_all_output(history)
    output = [(event.index, fact.data) for event, fact in history.all(Output) if fact.stream == "terminal"]
    return _changed([(index, data) for index, data in output if index < first])


def _changed(written: list[tuple[int, bytes]]) -> dict[str, int]:
    """Return the modes that this has changed, and for each the event. written: events, and what was written in each."""
    ends = list(itertools.accumulate(len(data) for _, data in written))
    changed = changed_modes(b"".join(data for _, data in written))
    return {what: written[bisect(ends, at)][0] for what, at in changed.items()}


def _needs_known_screen(history: History) -> None:
    """Raise NotObservable where the history does not show all that the launcher has written, or where others write
    control sequences as well."""
    if not end_of(history, "launcher"):
        needs_whole_script(history)
        raise NotObservable("the launcher has not ended")
    at_end(history)
    needs_all_output(history)
    if has(history, HungUp):
        raise NotObservable("what was written to the terminal after the hang-up is not seen")
    if history.scenario.stage.parent not in ("runner", "job", "init"):
        raise NotObservable("a shell sets modes of the terminal itself, at its prompt")
    if any(fact.order == "write" for fact in history.facts(Answered)):
        raise NotObservable("the command has written bytes that may be control sequences")


def changed_modes(written: bytes) -> dict[str, int]:
    """Return the modes that are not as in a terminal just opened, after this was written to it; and for each the offset
    of the sequence that changed it."""
    changed: dict[str, int] = {}
    saved: dict[str, bool] = {}
    for found in _SEQUENCE.finditer(written):
        for name, is_changed in _effect(found, changed, saved).items():
            if not is_changed:
                changed.pop(name, None)
            else:
                changed.setdefault(name, found.start())
    return changed


def _effect(found: re.Match[bytes], changed: dict[str, int], saved: dict[str, bool]) -> dict[str, bool]:
    """Return which modes a sequence makes other than at first (True) or as at first (False). What it saves is noted."""
    names = [_MODES[one] for one in (found["numbers"] or b"").split(b";") if one in _MODES]
    match found["final"]:
        case b"h" | b"l" as final:
            return {name: (final == b"h") != (name in _ON_AT_FIRST) for name in names}
        case b"s":
            saved.update((name, name in changed) for name in names)
            return {}
        case b"r":
            return {name: saved[name] for name in names if name in saved}
    if found["keypad"]:
        return {_KEYPAD: found["keypad"] == b"="}
    return dict.fromkeys(_SOFT_RESET if found["soft"] else [*changed], False)


def in_words(name: str, is_changed: bool) -> str:
    """Return the state of a mode: as at first, or changed."""
    is_on = is_changed != (name in _ON_AT_FIRST)
    if name == _CURSOR:
        return "shown" if is_on else "hidden"
    return "on" if is_on else "off"
