"""Text for the page: names for its addresses, code in sentences, links in sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from markupsafe import Markup, escape

from proctor.harness.words import harmless

RESERVED = ("matrix", "coverage", "launcher")
"""The first words of addresses within the page that are no requirement's."""
MANUAL = "https://man7.org/linux/man-pages/man{section}/{name}.{section}.html"
POSIX = "https://pubs.opengroup.org/onlinepubs/9799919799/"
SOURCES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"\b([A-Za-z_][\w.-]*)\(([1-8])\)", lambda found: MANUAL.format(name=found[1], section=found[2])),
    (r"\b([\w.-]+/[\w.-]+)#(\d+)", lambda found: f"https://github.com/{found[1]}/issues/{found[2]}"),
    (r"\bPEP (\d+)", lambda found: f"https://peps.python.org/pep-{int(found[1]):04}/"),
    (r"\bPOSIX\.1-2024\b", lambda found: POSIX),
)
"""What sources are cited by, and where each is."""
_CODE = re.compile(r"`([^`]*)`")
_STRESSED = re.compile(r"(?<![\w*])\*(\w[\w ]*)\*(?![\w*])")


def slugs(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return for each name a part of an address within the page: all different, of letters, digits, ".", "_", "-"."""
    used, found = set(taken), []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "x"
        slug, n = plain, 1
        while slug in used:
            n += 1
            slug = f"{plain}-{n}"
        used.add(slug)
        found.append(slug)
    return found


def coded(text: str) -> Markup:
    """Return text of the specification with what stands in backticks as code, and what stands in asterisks stressed."""
    plain = str(escape(harmless(text)))  # from here on all that is in it is ours
    return Markup(_STRESSED.sub(r"<em>\1</em>", _CODE.sub(r"<code>\1</code>", plain)))


def cited(text: str) -> Markup:
    """Return the sources of a requirement, each that has an address as a link to it."""
    html = str(coded(text))
    for pattern, address in SOURCES:
        html = re.sub(pattern, partial(_linked, address), html)
    return Markup(html)


def _linked(address: Callable[[re.Match[str]], str], found: re.Match[str]) -> str:
    return f'<a href="{address(found)}" rel="noreferrer">{found[0]}</a>'
