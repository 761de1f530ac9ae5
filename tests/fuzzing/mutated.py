"""Documents that are real but for a few places."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.fuzzing.values import Choices

MOST = 4
"""Places that are changed."""
Place = tuple[Any, Any]
"""A list or a dictionary, and an index or a key of it."""
TAGS = ("do", "is", "order", "verdict", "schema", "requirement", "check", "campaign", "parent", "level", "deviations")
"""Keys whose values are known words. A document with another word is refused at once, so they are rarely changed."""
EDITS = ("other value",) * 8 + ("other type", "left out", "more", "twice", "other place", "other place")


def mutated(choices: Choices, document: Any) -> Any:
    """Return a document with a few changes."""
    root = [copy.deepcopy(document)]
    for _ in range(1 + choices.below(MOST)):
        _edit(choices, root)
    return root[0] if root else None


def _edit(choices: Choices, root: list[Any]) -> None:
    places = list(_places(root))
    if not places:
        return
    holder, key = choices.of(places)
    if key in TAGS and choices.below(8):
        return
    edit = choices.of(EDITS)
    if edit == "other value":
        holder[key] = choices.like(holder[key])
    elif edit == "other type":
        holder[key] = choices.anything()
    elif edit == "left out":
        del holder[key]
    elif edit == "other place":
        other, there = choices.of(places)
        holder[key] = copy.deepcopy(other[there])
    elif isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]) if edit == "twice" else choices.anything())
    else:
        holder[choices.text()] = copy.deepcopy(holder[key]) if edit == "twice" else choices.anything()


def _places(holder: Any) -> Iterator[Place]:
    keys = range(len(holder)) if isinstance(holder, list) else list(holder) if isinstance(holder, dict) else ()
    for key in keys:
        yield holder, key
        yield from _places(holder[key])


def crossed(choices: Choices, document: Any, other: Any) -> Any:
    """Return a document with some of its outermost values as in another one."""
    if isinstance(document, list) and document:
        return [crossed(choices, choices.of(document), other)]
    if not isinstance(document, dict):
        return other
    return document | {key: value for key, value in other.items() if choices.below(16 if key in TAGS else 2) == 1}
