"""A range of versions, as `--versions FIRST..LAST` names it."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence

from proctor.conformance.versions.managers import MANAGERS, PackageRelease, Source
from proctor.harness.errors import UsageError

Listed = Callable[[bool], list[PackageRelease]]
"""Returns the versions that there are, oldest first; asked with True, those that are withdrawn as well."""


def chosen(asked: str, source: Source, name: str, listed: Listed, pre: bool) -> list[str]:
    """Return the versions that a range holds, oldest first, both ends included; raise WrongCall where it is none.

    Without `pre` pre-releases and what is withdrawn are left out, unless an end of the range is one.
    """
    first, dots, last = asked.partition("..")
    if not dots:
        raise UsageError(
            f"--versions={asked}: this is no range; write FIRST..LAST, such as {asked or '1.0'}.. or ..{asked or '1.0'}"
        )
    known = listed(pre)
    ends = [_end(text, asked, source) if text else None for text in (first, last)]
    if any(end and not _is_in(end, known) for end in ends):
        everything = listed(True)
        for end in ends:
            _needs_to_be_there(end, everything, asked, source, name)
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
        raise UsageError(f"--versions={asked}: '{text}' is no version of {source}; such would be 1.2.3")
    return release


def _is_in(release: PackageRelease, some: Sequence[PackageRelease]) -> bool:
    return any(release.key == one.key for one in some)


def _needs_to_be_there(
    end: PackageRelease | None, everything: list[PackageRelease], asked: str, source: Source, name: str
) -> None:
    if end is None or _is_in(end, everything):
        return
    place = bisect([release.key for release in everything], end.key)
    near = " and ".join(release.text for release in everything[max(0, place - 1) : place + 1])
    raise UsageError(
        f"--versions={asked}: there is no {name} {end.text} of {source}; the nearest: {near or 'none'} "
        f"({MANAGERS[source].without})"
    )


def _too_few(asked: str, source: Source, name: str, inside: list[str]) -> str:
    found = f"only {inside[0]}, which cannot differ from anything" if inside else "nothing"
    return f"--versions={asked}: of {name} this holds {found}; name a wider range ({MANAGERS[source].without})"
