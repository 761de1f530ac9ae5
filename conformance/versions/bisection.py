"""The search for the version with which a fault came or went, over what each version that was played came to.

Pure: who installs and plays a version is given to it. What is known is kept in a mapping that the caller owns, so that
a search that is interrupted leaves what it has found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

Kind = Literal["fault", "other", "none", "unstable", "untold"]
"""What a version came to. fault: what the case objects to, each time. other: the same check objects each time, but to
something else. none: nothing. unstable: not the same each time. untold: it cannot be installed or judged."""
CLEAR: tuple[Kind, ...] = ("fault", "other", "none")
"""Those between which there is a boundary. The search goes around what is unstable or untold: it counts neither way."""
SPREAD = 8
"""Where both ends are alike, the versions in between are looked at in so many parts: a fault may come and go."""


class Boundary(NamedTuple):
    """Two versions that differ, the older one first. between: those in between that are unstable or untold; unplayed:
    those that nobody has played yet."""

    before: str
    after: str
    was: Kind
    now: Kind
    between: tuple[str, ...] = ()
    unplayed: tuple[str, ...] = ()


def boundaries(versions: Sequence[str], known: Mapping[str, Kind]) -> list[Boundary]:
    """Return where neighbours among the versions with a clear verdict differ, oldest first."""
    found = []
    for low, high in _differing(versions, known):
        inside = versions[low + 1 : high]
        between = tuple(version for version in inside if version in known)
        unplayed = tuple(version for version in inside if version not in known)
        before, after = versions[low], versions[high]
        found.append(Boundary(before, after, known[before], known[after], between, unplayed))
    return found


def search(
    versions: Sequence[str], verdict: Callable[[str], Kind], known: dict[str, Kind], step: int = 0
) -> list[Boundary]:
    """Play versions until each boundary that is seen lies between neighbours; return them.

    versions: oldest first. known: is filled. step: every so many-th version is played, whatever the others say; 0 for
    the ends alone, and where these are alike some in between.
    """
    while (version := next_to_play(versions, known, step)) is not None:
        known[version] = verdict(version)
    return boundaries(versions, known)


def next_to_play(versions: Sequence[str], known: Mapping[str, Kind], step: int = 0) -> str | None:
    """Return the version that tells most: the ends, then those that are wanted anyway, then the middle between two that
    differ; None where nothing is left to ask."""
    last = len(versions) - 1
    asked_for: list[int] = [0, last, *(range(0, len(versions), step) if step else [])]
    for index in asked_for:
        if versions[index] not in known:
            return versions[index]
    differing = _differing(versions, known)
    for low, high in [*_edges(versions, known), *differing]:
        middle = (low + high) / 2
        unplayed = [index for index in range(low + 1, high) if versions[index] not in known]
        if unplayed:
            return versions[min(unplayed, key=lambda index: abs(index - middle))]
    if not step and not differing:
        for index in _spread(len(versions)):
            if versions[index] not in known:
                return versions[index]
    return None


def _edges(versions: Sequence[str], known: Mapping[str, Kind]) -> Iterator[tuple[int, int]]:
    """Yield where what is clear begins and ends: a launcher of the years before may not know the words that the case
    calls it with. Halved like a boundary, for one by one that would be hundreds of installations."""
    clear = [index for index, version in enumerate(versions) if known.get(version) in CLEAR]
    dim = [index for index, version in enumerate(versions) if version in known and known[version] not in CLEAR]
    if not clear:
        return
    if before := [index for index in dim if index < clear[0]]:
        yield before[-1], clear[0]
    if after := [index for index in dim if index > clear[-1]]:
        yield clear[-1], after[0]


def _differing(versions: Sequence[str], known: Mapping[str, Kind]) -> list[tuple[int, int]]:
    """Return the neighbours among those with a clear verdict that differ, by their places."""
    clear = [index for index, version in enumerate(versions) if known.get(version) in CLEAR]
    return [(low, high) for low, high in pairwise(clear) if known[versions[low]] != known[versions[high]]]


def _spread(count: int) -> list[int]:
    """Return places in between, in equal parts, the middle first, then the quarters, then the eighths."""
    parts = sorted(range(1, SPREAD), key=lambda part: (-(part & -part), part))
    return [part * (count - 1) // SPREAD for part in parts]
