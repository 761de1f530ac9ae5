"""The range of versions of `--versions FIRST..LAST`."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence

from proctor.conformance.versions.managers import MANAGERS, PackageRelease, Source
from proctor.harness.errors import UsageError

Listed = Callable[[bool], list[PackageRelease]]
"""Returns the versions of a package, oldest first; with True, the withdrawn ones too."""


def versions_in_range(asked: str, source: Source, name: str, listed: Listed, pre: bool) -> list[str]:
    """Return the versions of a range, oldest first, both ends included; UsageError if it is not a range.

    Without `pre`, pre-releases and withdrawn versions are left out, except an end of the range.
    """
    first, dots, last = asked.partition("..")
    if not dots:
        raise UsageError(f"--versions={asked}: not a range; write FIRST..LAST, such as 1.2.0..1.4.0")
    known = listed(pre)
    ends = [_end(text, asked, source) if text else None for text in (first, last)]
    if any(end and not _is_in(end, known) for end in ends):
        everything = listed(True)
        for end in ends:
            _check_end(end, everything, asked, source, name)
        known = sorted({*known, *(release for release in everything if _is_in(release, [e for e in ends if e]))},
                       key=lambda release: release.key)  # fmt: skip
    low, high = ends
    if low and high and low.key > high.key:
        raise UsageError(f"--versions={asked}: the first is newer than the last; did you mean {last}..{first}?")
    inside = [
        release.text for release in known
        if (low is None or low.key <= release.key) and (high is None or release.key <= high.key)
        and (pre or not release.is_pre or _is_in(release, [end for end in ends if end]))
    ]  # fmt: skip
    if len(inside) < 2:
        raise UsageError(_too_few(asked, source, name, inside))
    return inside


def _end(text: str, asked: str, source: Source) -> PackageRelease:
    release = MANAGERS[source].release(text)
    if not release:
        raise UsageError(f"--versions={asked}: '{text}' is not a version as {source} writes it; write one like 1.2.3")
    return release


def _is_in(release: PackageRelease, some: Sequence[PackageRelease]) -> bool:
    return any(release.key == one.key for one in some)


def _check_end(
    end: PackageRelease | None, everything: list[PackageRelease], asked: str, source: Source, name: str
) -> None:
    if end is None or _is_in(end, everything):
        return
    place = bisect([release.key for release in everything], end.key)
    near = " and ".join(release.text for release in everything[max(0, place - 1) : place + 1])
    raise UsageError(
        f"--versions={asked}: {source} has no {name} {end.text}; the nearest: {near or 'none'} "
        f"({MANAGERS[source].without})"
    )


def _too_few(asked: str, source: Source, name: str, inside: list[str]) -> str:
    found = f"only {inside[0]}" if inside else "no version"
    return (
        f"--versions={asked}: this range holds {found} of {name}, and a search needs two; name a wider range "
        f"({MANAGERS[source].without})"
    )
