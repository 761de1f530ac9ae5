"""The terminal of a failure as an asciicast v2 recording, which asciinema plays.

A recording is played on the reader's terminal. So only output that draws is kept: text, colours, cursor movement. Other
sequences (set the title, use the clipboard, make the terminal reply) are shown as text. Keys that Proctor pressed are
input events, its other actions are markers.
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

DRAWING = re.compile(
    r"\x1b(?:"
    r"\[[0-9;:]*[ABCDEFGHJKLMPSTXZ@dfmr`]"  # cursor movement, erasing, scrolling, colours
    r"|\[\?(?:1|7|25|1049)[hl]"  # cursor keys, wrapping, cursor visibility, alternate screen
    r"|[78DEHM=>]|\([0AB])"
    r"|[\t\n\r\x08]"
)
"""Sequences of ECMA-48 and xterm that only draw."""
INCOMPLETE = re.compile(r"\x1b(?:\[[0-9;:?]{0,30}|\()?\Z")
"""The start of a sequence that may continue in the next piece of output."""

RecordingEvent = tuple[float, str, str]


def asciicast(documents: list[Results]) -> str:
    """Return the recording of the one failure in these documents that printed something. Raise UsageError if there is
    none or more than one."""
    printed = [
        msgspec.structs.replace(one, failures=[f for f in one.failures if f.history.facts(Output)])
        for one in documents
    ]  # fmt: skip
    if any(one.failures for one in documents) and not any(one.failures for one in printed):
        names = ", ".join(f"{failure.requirement} of {one.target.name}" for one, failure in failures_in(documents))
        raise UsageError(
            f"nothing was printed in {names}, so there is nothing to record; choose a failure on a terminal (TTY) with "
            "--requirement"
        )
    document, failure = only_failure(printed)
    stage = failure.history.scenario.stage
    header = {
        "version": 2, "width": stage.columns, "height": stage.rows,
        "title": harmless(f"{document.title}: {failure.requirement}"), "env": {"TERM": "xterm-256color"},
    }  # fmt: skip
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in (header, *_recording_events(failure.history)))


def _recording_events(history: History) -> Iterator[RecordingEvent]:
    """Yield the events of the recording: time in seconds, kind, data."""
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
                yield from _runner_action(event)
    for one in streams.values():
        if text := one.take(b"", is_last=True):
            yield last, "o", text


def _runner_action(event: Event) -> Iterator[RecordingEvent]:
    if isinstance(event.fact, Pressed):
        bytes_of = {str(key): data for key, data in KEYS.items()}
        yield event.time, "i", bytes_of.get(event.fact.key, b"").decode()
    elif isinstance(event.fact, Sent | HungUp):
        yield event.time, "m", describe(event.fact)


class _Stream:
    """Converts the bytes of one stream to text that only draws. Characters and sequences may be split over pieces."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._incomplete = ""

    def take(self, data: bytes, is_last: bool = False) -> str:
        """Return the text for further bytes."""
        text = self._incomplete + self._decoder.decode(data, final=is_last)
        incomplete = None if is_last else INCOMPLETE.search(text)
        cut = incomplete.start() if incomplete else len(text)
        text, self._incomplete = text[:cut], text[cut:]
        shown = "".join(_shown(text))
        return shown if self._is_terminal else re.sub(r"\r?\n", "\r\n", shown)  # a pipe has no line discipline


def _shown(text: str) -> Iterator[str]:
    at = 0
    for match in DRAWING.finditer(text):
        yield harmless(text[at : match.start()])
        yield match[0]
        at = match.end()
    yield harmless(text[at:])
