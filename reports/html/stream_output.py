"""What came out of a terminal or a pipe, with all that a terminal would obey made visible."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from proctor.harness.history import History, Output, Printed

Kind = Literal["text", "control", "byte"]
MOST = 8000
"""Characters that are shown of one execution."""
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI sequences; ECMA-48, 5.4
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM and APC strings up to their end; 5.6
    r"|\x1b.?|[\x00-\x08\x0b-\x1f\x7f-\x9f]",
    re.DOTALL,
)
_BYTE = re.compile("[\udc80-\udcff]+")


class OutputPiece(NamedTuple):
    """Some characters. control: what a terminal would obey; byte: what is no UTF-8."""

    text: str
    kind: Kind = "text"


class OutputChunk(NamedTuple):
    """What came at once. event: its index; milliseconds: when."""

    event: int
    milliseconds: float
    stream: str
    pieces: tuple[OutputPiece, ...]


def output(history: History) -> tuple[list[OutputChunk], int]:
    """Return what was put out, and how many characters of it are left out."""
    decoders: dict[str, codecs.IncrementalDecoder] = {}
    chunks: list[OutputChunk] = []
    room, left_out = MOST, 0
    for event in history.events:
        match event.fact:
            case Output(stream=stream, data=data):
                pass
            case Printed(process=stream, data=data):
                pass
            case _:
                continue
        # a character may come in two parts
        decoder = decoders.setdefault(stream, codecs.getincrementaldecoder("utf-8")("surrogateescape"))
        text = decoder.decode(data)
        left_out += max(0, len(text) - room)
        text = text[:room]
        room -= len(text)
        if text:
            chunks.append(OutputChunk(event.index, event.time * 1e3, stream, tuple(pieces(text))))
    return chunks, left_out


def pieces(text: str) -> Iterator[OutputPiece]:
    """Cut text into what is shown as it is, and the names of what is not. A line end is one with or without CR."""
    text = text.replace("\r\n", "\n")
    at = 0
    for found in _CONTROL.finditer(text):
        yield from _plain(text[at : found.start()])
        yield OutputPiece(_named(found[0]), "control")
        at = found.end()
    yield from _plain(text[at:])


def _plain(text: str) -> Iterator[OutputPiece]:
    at = 0
    for found in _BYTE.finditer(text):
        yield from _printable(text[at : found.start()])
        yield OutputPiece("".join(f"\\x{ord(c) - 0xDC00:02x}" for c in found[0]), "byte")
        at = found.end()
    yield from _printable(text[at:])


def _printable(text: str) -> Iterator[OutputPiece]:
    """Cut text at what looks like nothing and does something, such as marks of the direction of writing."""
    at = 0
    for n, c in enumerate(text):
        if not c.isprintable() and c not in "\n\t":
            yield from [OutputPiece(text[at:n])] if n > at else []
            yield OutputPiece(c.encode("unicode_escape").decode(), "control")
            at = n + 1
    if text[at:]:
        yield OutputPiece(text[at:].replace("\t", "    "))


def _named(sequence: str) -> str:
    """Return a control sequence so that it can be read."""
    return "".join(c if c.isprintable() else _name(c) for c in sequence)


def _name(c: str) -> str:
    names = {"\x1b": "ESC", "\x07": "BEL", "\r": "CR", "\b": "BS"}
    return names.get(c) or c.encode("unicode_escape").decode()
