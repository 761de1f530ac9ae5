"""Documents by their types: what msgspec takes, and no launcher or Proctor would write."""

from __future__ import annotations

import base64
import functools
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from tests.fuzzing.values import MOST, Choices

DEEPEST = 12
"""Levels from which on lists are empty, and optional fields left out."""


def document(choices: Choices, kind: type) -> Any:
    """Return JSON of this type, as data."""
    return _of(choices, _info(kind), 0, "")


@functools.cache
def _info(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _of(choices: Choices, kind: inspect.Type, depth: int, field: str) -> Any:
    many = choices.below(MOST + 1) if depth < DEEPEST else 0
    match kind:
        case inspect.Metadata(type=inner):
            return _of(choices, inner, depth, field)
        case inspect.StructType(fields=fields):
            made = {kind.tag_field: kind.tag} if kind.tag_field else {}
            wanted = [one for one in fields if one.required or (depth < DEEPEST and choices.below(2))]
            return made | {one.encode_name: _of(choices, one.type, depth + 1, one.name) for one in wanted}
        case inspect.UnionType(types=types):
            return _of(choices, choices.of(types), depth, field)
        case inspect.LiteralType(values=known):
            return choices.of(known)
        case inspect.TupleType(item_types=types):
            return [_of(choices, one, depth + 1, field) for one in types]
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return [_of(choices, inner, depth + 1, field) for _ in range(many)]
        case inspect.DictType(value_type=inner):
            return {choices.text(field): _of(choices, inner, depth + 1, "") for _ in range(many)}
    return _atom(choices, kind, field)


def _atom(choices: Choices, kind: inspect.Type, field: str) -> Any:
    match kind:
        case inspect.StrType(pattern=str(pattern)):
            return choices.draw(st.from_regex(pattern, fullmatch=True))
        case inspect.StrType():
            return choices.text(field)
        case inspect.IntType(ge=least, le=most):
            number = choices.number()
            return number if least is None or most is None else least + number % (most - least + 1)
        case inspect.FloatType():
            return choices.real()
        case inspect.BoolType():
            return bool(choices.below(2))
        case inspect.NoneType():
            return None
        case inspect.BytesType():
            return base64.b64encode(choices.text().encode("utf-8", "surrogatepass")).decode()
    return choices.anything()
