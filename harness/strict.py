"""Strict decoding: an unknown key or a wrong type is an error that says what is allowed."""

from __future__ import annotations

import math
import re
import shlex
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

import msgspec

from proctor.harness.errors import UsageError, nearest

T = TypeVar("T")


def convert(data: Any, kind: type[T], where: str) -> T:
    """Convert decoded JSON or TOML to `kind`; raise UsageError with `where`, the key and the closest known key."""
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {_plain_message(str(error), data, kind)}") from error


def parse_json(text: str | bytes, kind: type[T], where: str) -> T:
    """Decode JSON text to `kind`; raise UsageError as `convert` does."""
    data = raw_json(text, where)
    try:
        return msgspec.json.decode(text, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {_plain_message(str(error), data, kind)}") from error


def raw_json(text: str | bytes, where: str) -> Any:
    """Decode JSON text without a type; raise UsageError if it is empty, not JSON or incomplete."""
    if not text.strip():
        raise UsageError(f"{where}: the file is empty")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{where}: this is not JSON, or it is incomplete: {error}") from error


_NAMES = {
    "array": "a list", "object": "a table", "str": "a quoted string", "bool": "true or false",
    "int": "an integer", "float": "a number", "null": "null",
}  # fmt: skip
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_BOUND = re.compile(r"Expected `(?:int|float)` (?P<how><=|>=) (?P<limit>\S+)")
_BOUNDS = {"<=": "at most", ">=": "at least"}
_EXAMPLE_OF_LIST = '["tini", "--"]'


class _Place(NamedTuple):
    """The place of a mistake: its key, its value, and the type that is allowed."""

    key: str
    value: Any
    kind: Any


def _plain_message(message: str, data: Any, kind: type) -> str:
    """Return msgspec's message in plain words."""
    match = _MESSAGE.fullmatch(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    if unknown := re.match(r"Object contains unknown field `(.+?)`", what):
        return _unknown_key(unknown[1], _place(path, data, kind, ""))
    wrong = re.fullmatch(r"Expected `(.+?)`( .*?)?, got `?(.+?)`?", what)
    place = _place(path, data, kind, wrong[3] if wrong else "")
    if missing := re.fullmatch(r"Object missing required field `(.+?)`", what):
        return _missing(_join(place.key, missing[1]), _child(place.kind, missing[1]))
    if wrong:
        return _wrong_type(place, wrong[1].split(" | "), wrong[2] or "")
    if bound := _BOUND.fullmatch(what):
        limit = f"{_BOUNDS[bound['how']]} {bound['limit']}"
        return f"{_quoted_key(place.key)} is {_shown(place.value)}; allowed is {limit}"
    if what.startswith("Invalid ") and (known := _choices(place.kind)):
        found = f"{_quoted_key(place.key)} is {_shown(place.value)}, which is not one of: {', '.join(known)}"
        return found + nearest(str(place.value), known)
    return f"{_quoted_key(place.key)}: {what}"


def _unknown_key(name: str, place: _Place) -> str:
    known = sorted(field.encode_name for one in _structs(place.kind) for field in msgspec.structs.fields(one))
    where = f" in '{place.key}'" if place.key else ""
    return f"unknown key '{name}'{nearest(name, known)}{where}; known keys: {', '.join(dict.fromkeys(known))}"


def _quoted_key(key: str) -> str:
    return f"'{key}'" if key else "the document"


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) >> 64:
        # more than 4300 digits cannot be decimal: sys.set_int_max_str_digits()
        text = hex(value) if abs(value) >> 1000 else str(value)
    elif isinstance(value, float) and not math.isfinite(value):
        text = repr(value)
    else:
        try:
            text = msgspec.json.encode(value).decode()
        except (ValueError, RecursionError):  # the same somewhere inside, or a text that is not Unicode
            text = "..."
    return text if len(text) <= 60 else text[:57] + "..."


def _missing(key: str, kind: Any) -> str:
    is_list = get_origin(kind) is tuple and str in get_args(kind)
    return f"'{key}' is missing; add it" + (f", for example: {key} = {_EXAMPLE_OF_LIST}" if is_list else "")


def _wrong_type(place: _Place, wanted: list[str], more: str) -> str:
    takes = " or ".join(_NAMES.get(name, name) for name in wanted) + more
    value, example = place.value, ""
    if wanted[0] == "array" and isinstance(value, str):
        example = f"[{', '.join(map(_shown, _words(value)))}]"
    elif wanted[0] == "str" and not isinstance(value, (list, dict, type(None))):
        example = _shown(_shown(value).strip('"').lower())
    elif wanted[0] == "bool":
        example = "true"
    elif wanted[0] == "object" and re.fullmatch(r"\w+", place.key):
        example = f"a section [{place.key}]"
    return f"{_quoted_key(place.key)} must be {takes}, but is {_shown(value)}" + (
        f"; for example: {example}" if example else ""
    )


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text) or [text]
    except ValueError:
        return [text]


def _place(path: str, data: Any, kind: Any, got: str) -> _Place:
    """Follow msgspec's path, such as `.steps[0].signal`. For a table with arbitrary keys, msgspec gives only
    `[...]`."""
    place = _Place("", data, kind)
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", path):
        key, value, expected = place
        if name:
            place = _Place(
                _join(key, name), value.get(name) if isinstance(value, dict) else None, _child(expected, name)
            )
        elif index == "...":
            pairs = value.items() if isinstance(value, dict) else ()
            found = next(((_join(key, k), v) for k, v in pairs if _json_name(v) == got), (f"{key}[...]", None))
            place = _Place(found[0], found[1], (get_args(expected) or (None,))[-1])
        else:
            item = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
            place = _Place(f"{key}[{index}]", item, (get_args(expected) or (None,))[0])
    return place


def _json_name(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "str", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    """Return the structs that `kind` allows: itself, or the members of a union."""
    parts = get_args(kind) or (kind,)
    return [part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)]


def _child(kind: Any, name: str) -> Any:
    fields = (field for struct in _structs(kind) for field in msgspec.structs.fields(struct))
    return next((field.type for field in fields if field.encode_name == name), kind)  # a tag is not a field


def _choices(kind: Any) -> list[str]:
    """Return the values of a Literal, or the tags of a union of structs."""
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    return [str(struct.__struct_config__.tag) for struct in _structs(kind) if struct.__struct_config__.tag]


def other_schema(found: object, known: int, again: str) -> str:
    """Say that a file has another schema than this Proctor reads. again: how an older file is made anew."""
    newer = isinstance(found, int) and found > known
    do = "Update Proctor" if newer else again
    return f"this file has schema {found!r}; this Proctor reads schema {known}. {do}"


def kebab(name: str) -> str:
    """Return the tag of a class in JSON: "wait-ready" for WaitReady."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
