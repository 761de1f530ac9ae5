"""Documents as bytes: JSON and TOML, whole and damaged."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzzing.values import Bare, Choices

DEEP = 100_000
"""Levels of nesting."""
DAMAGE = (
    b"", b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"NaN", b"Infinity", b"1e999", b"-", b"[" * DEEP,
    b'{"a":' * DEEP, b"{a=" * DEEP, b"9" * 5000, b'"\\ud800"', b'"', b"'''", b"\n", b"}", b"]", b",", b"#", b"\r",
    b'"schema": 2,', b"a.a = 1\n", b"[files]\n", b"1979-05-27T07:32:00Z", b"inf", b"0x" + b"f" * 6000,
)  # fmt: skip


def as_json(document: Any, ascii_only: bool = True) -> bytes:
    """Return a document as JSON; surrogates as Python writes them."""
    return json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def as_toml(document: Any) -> bytes:
    """Return a document as TOML, as far as TOML has such values."""
    table = document if isinstance(document, dict) else {"document": document}
    lines = [f"{_quoted(str(key))} = {_value(value)}" for key, value in table.items()]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _value(value: Any) -> str:
    match value:
        case Bare():
            return value
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{_quoted(str(key))} = {_value(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case int():
            return str(value)
        case float():
            return f"{value:.17e}"
    return _quoted("" if value is None else str(value))


def _quoted(text: str) -> str:
    escaped = (f"\\u{ord(one):04x}" if one in '"\\' or ord(one) < 0x20 or ord(one) == 0x7F else one for one in text)
    return '"' + "".join(escaped) + '"'


def damaged(choices: Choices, whole: bytes) -> bytes:
    """Return bytes with one or two pieces replaced, or with the end cut off."""
    data = whole
    for _ in range(1 + choices.below(2)):
        at, kind, piece = (
            len(data) - choices.below(len(data) + 1),
            choices.of(("cut", "insert", "replace")),
            choices.of(DAMAGE),
        )
        end = {"cut": len(data), "insert": at, "replace": at + 1 + choices.below(8)}[kind]
        data = data[:at] + (b"" if kind == "cut" else piece) + data[end:]
    return data
