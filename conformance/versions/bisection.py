"""The search for the version in which a fault appeared or disappeared.

Pure: the caller gives the function that installs and plays a version. Results are kept in a mapping that the caller
owns, so an interrupted search leaves its results there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

Kind = Literal["fault", "other", "none", "unstable", "inconclusive"]
"""The result of a version. fault: the objection of the case, in every play. other: another objection of the same
check, in every play. none: no objection. unstable: an objection in some plays. inconclusive: it cannot be installed or
judged."""
CONCLUSIVE: tuple[Kind, ...] = ("fault", "other", "none")
"""The results between which there is a boundary. The search skips the others: they count neither way."""
SPREAD = 8
"""If both ends have the same result, the search plays versions at the borders of this many equal parts: a fault may
have appeared and disappeared in between."""


class Boundary(NamedTuple):
    """Two versions with different results, the older one first. between: versions in between that are not conclusive;
    unplayed: versions in between that were not played."""

    before: str
    after: str
    was: Kind
    now: Kind
    between: tuple[str, ...] = ()
    unplayed: tuple[str, ...] = ()


def boundaries(versions: Sequence[str], known: Mapping[str, Kind]) -> list[Boundary]:
    """Return where neighbours among the conclusive versions differ, oldest first."""
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
    """Play versions until each boundary found lies between neighbours; return the boundaries.

    versions: oldest first. known: results; the search adds to it. step: play every step-th version; 0 for only the
    ends, and some in between if their results are the same.
    """
    while (version := next_to_play(versions, known, step)) is not None:
        known[version] = verdict(version)
    return boundaries(versions, known)


def next_to_play(versions: Sequence[str], known: Mapping[str, Kind], step: int = 0) -> str | None:
    """Return the version to play next: the ends, then every step-th, then the middle between two that differ; None when
    the search is done."""
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
    """Yield where the conclusive versions begin and end: an old launcher may not know the arguments of the case. These
    edges are halved like a boundary: one by one they would take hundreds of installations."""
    clear = [index for index, version in enumerate(versions) if known.get(version) in CONCLUSIVE]
    dim = [index for index, version in enumerate(versions) if version in known and known[version] not in CONCLUSIVE]
    if not clear:
        return
    if before := [index for index in dim if index < clear[0]]:
        yield before[-1], clear[0]
    if after := [index for index in dim if index > clear[-1]]:
        yield clear[-1], after[0]


def _differing(versions: Sequence[str], known: Mapping[str, Kind]) -> list[tuple[int, int]]:
    """Return the neighbours among the conclusive versions that differ, by their indices."""
    clear = [index for index, version in enumerate(versions) if known.get(version) in CONCLUSIVE]
    return [(low, high) for low, high in pairwise(clear) if known[versions[low]] != known[versions[high]]]


def _spread(count: int) -> list[int]:
    """Return indices at the borders of equal parts: the middle first, then the quarters, then the eighths."""
    parts = sorted(range(1, SPREAD), key=lambda part: (-(part & -part), part))
    return [part * (count - 1) // SPREAD for part in parts]
