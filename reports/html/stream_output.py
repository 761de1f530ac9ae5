"""The output of a terminal or a pipe, with control sequences made visible."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from proctor.harness.history import History, Output, Printed

PieceKind = Literal["text", "control", "byte"]
MAX_CHARACTERS = 8000
"""Limit of the output that is shown of one execution."""
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI sequences; ECMA-48, 5.4
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM and APC strings up to their end; 5.6
    r"|\x1b.?|[\x00-\x08\x0b-\x1f\x7f-\x9f]",
    re.DOTALL,
)
_BYTE = re.compile("[\udc80-\udcff]+")


class OutputPiece(NamedTuple):
    """Some characters. control: a control sequence; byte: bytes that are not UTF-8."""

    text: str
    kind: PieceKind = "text"


class OutputChunk(NamedTuple):
    """The output of one event. event: its index; milliseconds: its time."""

    event: int
    milliseconds: float
    stream: str
    pieces: tuple[OutputPiece, ...]


def output_chunks(history: History) -> tuple[list[OutputChunk], int]:
    """Return the output of a history, and the number of characters that were left out."""
    decoders: dict[str, codecs.IncrementalDecoder] = {}
    chunks: list[OutputChunk] = []
    room, left_out = MAX_CHARACTERS, 0
    for event in history.events:
        match event.fact:
            case Output(stream=stream, data=data):
                pass
            case Printed(process=stream, data=data):
                pass
            case _:
                continue
        # a character may be split over two events
        decoder = decoders.setdefault(stream, codecs.getincrementaldecoder("utf-8")("surrogateescape"))
        text = decoder.decode(data)
        left_out += max(0, len(text) - room)
        text = text[:room]
        room -= len(text)
        if text:
            chunks.append(OutputChunk(event.index, event.time * 1e3, stream, tuple(output_pieces(text))))
    return chunks, left_out


def output_pieces(text: str) -> Iterator[OutputPiece]:
    """Split text into plain text and readable names of control sequences and bytes. CR LF counts as one line end."""
    text = text.replace("\r\n", "\n")
    at = 0
    for found in _CONTROL.finditer(text):
        yield from _plain(text[at : found.start()])
        yield OutputPiece(_readable(found[0]), "control")
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
    """Split text at invisible characters with an effect, such as marks that change the writing direction."""
    at = 0
    for n, c in enumerate(text):
        if not c.isprintable() and c not in "\n\t":
            yield from [OutputPiece(text[at:n])] if n > at else []
            yield OutputPiece(c.encode("unicode_escape").decode(), "control")
            at = n + 1
    if text[at:]:
        yield OutputPiece(text[at:].replace("\t", "    "))


def _readable(sequence: str) -> str:
    """Return a control sequence in readable form."""
    return "".join(c if c.isprintable() else _character_name(c) for c in sequence)


def _character_name(c: str) -> str:
    names = {"\x1b": "ESC", "\x07": "BEL", "\r": "CR", "\b": "BS"}
    return names.get(c) or c.encode("unicode_escape").decode()
