"""Strict decoding: every unknown key and wrong type is an error that names what would have been right."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from harness.errors import WrongCall, nearest

T = TypeVar("T")


def convert(data: Any, kind: type[T], where: str) -> T:
    """Convert decoded JSON or TOML to `kind`; raise WrongCall naming `where`, the key and the nearest right one."""
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise WrongCall(f"{where}: {_explain(str(error), kind)}") from error


def parse_json(text: str | bytes, kind: type[T], where: str) -> T:
    """Decode JSON text to `kind`; raise WrongCall as `convert` does."""
    try:
        return msgspec.json.decode(text, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise WrongCall(f"{where}: {_explain(str(error), kind)}") from error
    except msgspec.DecodeError as error:
        raise WrongCall(f"{where}: this is not JSON: {error}") from error


def _explain(message: str, kind: type) -> str:
    unknown = re.match(r"Object contains unknown field `(.+?)`", message)
    if not unknown:
        return message
    known = sorted(_field_names(kind, set(), set()))
    return f"unknown key '{unknown[1]}'{nearest(unknown[1], known)}; known are: {', '.join(known)}"


def _field_names(kind: Any, names: set[str], seen: set[Any]) -> set[str]:
    """Collect the keys that may occur anywhere in `kind`."""
    if kind in seen:
        return names
    seen.add(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            names.add(field.encode_name)
            _field_names(field.type, names, seen)
    for part in getattr(kind, "__args__", ()):
        _field_names(part, names, seen)
    return names
