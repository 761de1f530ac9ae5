"""The terminal of a failure as a recording, asciicast v2, which asciinema plays.

A recording is played on somebody's terminal, so what a launcher prints is passed on only as far as it draws: text,
colours, the cursor's moves. What would do more (set titles, reach the clipboard, have the terminal answer) is shown as
text. Keys that we pressed are in it as input, what else we did as markers.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import msgspec

from proctor.harness.errors import UsageError
from proctor.harness.history import Event, History, HungUp, Output, Pressed, Resized, Sent
from proctor.harness.scenario import KEYS
from proctor.harness.words import describe, harmless
from proctor.reports.filtering import failures_in, only_failure
from proctor.reports.results import Results

DRAWS = re.compile(
    r"\x1b(?:"
    r"\[[0-9;:]*[ABCDEFGHJKLMPSTXZ@dfmr`]"  # the cursor's moves, erasing, scrolling, colours
    r"|\[\?(?:1|7|25|1049)[hl]"  # cursor keys, wrapping, the cursor itself, the other screen
    r"|[78DEHM=>]|\([0AB])"
    r"|[\t\n\r\x08]"
)
"""What of ECMA-48 and of xterm's sequences draws, and does nothing else."""
UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?]{0,30}|\()?\Z")
"""The start of a sequence that may go on in the next piece of output."""

Line = tuple[float, str, str]


def asciicast(documents: list[Results]) -> str:
    """Return the recording of the one failure in these documents that printed something; WrongCall where that is none,
    or where there are several."""
    printed = [
        msgspec.structs.replace(one, failures=[f for f in one.failures if f.history.facts(Output)])
        for one in documents
    ]  # fmt: skip
    if any(one.failures for one in documents) and not any(one.failures for one in printed):
        names = ", ".join(f"{failure.requirement} of {one.target.name}" for one, failure in failures_in(documents))
        raise UsageError(
            f"nothing was printed in {names}, so there is nothing to record; choose a failure on a terminal (TTY)"
        )
    document, failure = only_failure(printed)
    stage = failure.history.scenario.stage
    head = {
        "version": 2, "width": stage.columns, "height": stage.rows,
        "title": harmless(f"{document.title}: {failure.requirement}"), "env": {"TERM": "xterm-256color"},
    }  # fmt: skip
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in (head, *_lines(failure.history)))


def _lines(history: History) -> Iterator[Line]:
    """Yield time in seconds, kind and data of all there is to play."""
    streams: dict[str, _Stream] = {}
    last = 0.0
    for event in history.events:
        last = event.time
        match event.fact:
            case Output(stream=stream, data=data):
                text = streams.setdefault(stream, _Stream(stream == "terminal")).take(data)
                if text:
                    yield event.time, "o", text
            case Resized(rows=rows, columns=columns):
                yield event.time, "r", f"{columns}x{rows}"
            case _:
                yield from _ours(event)
    for one in streams.values():
        if text := one.take(b"", is_last=True):
            yield last, "o", text


def _ours(event: Event) -> Iterator[Line]:
    if isinstance(event.fact, Pressed):
        bytes_of = {str(key): data for key, data in KEYS.items()}
        yield event.time, "i", bytes_of.get(event.fact.key, b"").decode()
    elif isinstance(event.fact, Sent | HungUp):
        yield event.time, "m", describe(event.fact)


class _Stream:
    """Bytes of one stream become text that only draws. Characters and sequences may lie across pieces."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unread = ""

    def take(self, data: bytes, is_last: bool = False) -> str:
        """Return what these bytes add."""
        text = self._unread + self._decoder.decode(data, final=is_last)
        unfinished = None if is_last else UNFINISHED.search(text)
        cut = unfinished.start() if unfinished else len(text)
        text, self._unread = text[:cut], text[cut:]
        shown = "".join(_shown(text))
        return shown if self._is_terminal else re.sub(r"\r?\n", "\r\n", shown)  # which a pipe has no driver for


def _shown(text: str) -> Iterator[str]:
    at = 0
    for match in DRAWS.finditer(text):
        yield harmless(text[at : match.start()])
        yield match[0]
        at = match.end()
    yield harmless(text[at:])
