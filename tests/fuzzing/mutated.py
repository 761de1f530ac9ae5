"""Documents that are real but for a few places."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.fuzzing.values import FITTING, Choices

MOST = 4
"""Places that are changed."""
TAGS = (
    "do", "is", "order", "verdict", "schema", "requirement", "check", "campaign", "parent", "level", "deviations",
)  # fmt: skip
"""Keys whose values are known words. A document with another word is refused at once, so they are rarely changed."""
EDITS = ("other value",) * 8 + ("other key", "other key", "other type", "left out", "more", "twice", "other place")


class Place(NamedTuple):
    """A place in a document: a list or a dictionary, an index or a key of it, and the field to which the holder
    belongs."""

    holder: Any
    key: Any
    field: str

    @property
    def own_field(self) -> str:
        """The field to which the value belongs."""
        return self.key if isinstance(self.key, str) and self.field not in FITTING else self.field


def mutated(choices: Choices, document: Any) -> Any:
    """Return a document with a few changes."""
    root = [copy.deepcopy(document)]
    for _ in range(1 + choices.below(MOST)):
        _edit(choices, root)
    return root[0] if root else None


def _edit(choices: Choices, root: list[Any]) -> None:
    places = list(_places(root, ""))
    if choices.below(3) == 2:  # a few of these matter more than all others
        places = [one for one in places if one.field in FITTING] or places
    if not places:
        return
    place = choices.of(places)
    holder, key, field = place
    if key in TAGS and choices.below(8):
        return
    edit = "other key" if field in FITTING and choices.below(2) else choices.of(EDITS)
    if edit == "other value":
        holder[key] = choices.like(holder[key], place.own_field)
    elif edit == "other key" and isinstance(holder, dict):
        holder[choices.text(field)] = holder.pop(key)
    elif edit == "other type":
        holder[key] = choices.anything()
    elif edit == "left out":
        del holder[key]
    elif edit == "other place":
        other = choices.of(places)
        holder[key] = copy.deepcopy(other.holder[other.key])
    else:
        value = copy.deepcopy(holder[key]) if edit == "twice" else choices.like(holder[key], place.own_field)
        if isinstance(holder, list):
            holder.insert(key, value)
        else:
            holder[choices.text(field)] = value


def _places(holder: Any, field: str) -> Iterator[Place]:
    keys = range(len(holder)) if isinstance(holder, list) else list(holder) if isinstance(holder, dict) else ()
    for key in keys:
        yield Place(holder, key, field)
        yield from _places(holder[key], key if isinstance(key, str) else field)


def crossed(choices: Choices, document: Any, other: Any) -> Any:
    """Return a document with some of its values as in another one."""
    if isinstance(document, list) and document and isinstance(other, dict):
        return [crossed(choices, choices.of(document), other)]
    if not isinstance(document, dict) or not isinstance(other, dict):
        return other
    taken = {
        key: crossed(choices, document.get(key), value) if choices.below(2) else value
        for key, value in other.items()
        if choices.below(16 if key in TAGS else 2) == 1
    }
    return document | taken
