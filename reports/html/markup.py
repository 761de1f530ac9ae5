"""Text for the page: slugs for addresses, code and emphasis in sentences, links in sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from markupsafe import Markup, escape

from proctor.harness.words import harmless

RESERVED_SLUGS = ("matrix", "coverage", "launcher")
"""First parts of addresses that do not belong to requirements."""
MANUAL = "https://man7.org/linux/man-pages/man{section}/{name}.{section}.html"
POSIX = "https://pubs.opengroup.org/onlinepubs/9799919799/"
SOURCES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"\b([A-Za-z_][\w.-]*)\(([1-8])\)", lambda found: MANUAL.format(name=found[1], section=found[2])),
    (r"\b([\w.-]+/[\w.-]+)#(\d+)", lambda found: f"https://github.com/{found[1]}/issues/{found[2]}"),
    (r"\bPEP (\d+)", lambda found: f"https://peps.python.org/pep-{int(found[1]):04}/"),
    (r"\bPOSIX\.1-2024\b", lambda found: POSIX),
)
"""Patterns of citations, each with a function that returns the URL."""
_CODE = re.compile(r"`([^`]*)`")
_EMPHASIS = re.compile(r"(?<![\w*])\*(\w[\w ]*)\*(?![\w*])")


def slugs(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return a unique address part for each name, made of letters, digits, ".", "_" and "-"."""
    used, found = set(taken), []
    numbers = Counter[str]()  # the last one that each name was given: thousands may begin with the same 60 characters
    for name in names:
        slug = plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "x"
        while slug in used:
            numbers[plain] = max(numbers[plain], 1) + 1
            slug = f"{plain}-{numbers[plain]}"
        used.add(slug)
        found.append(slug)
    return found


def inline_markup(text: str) -> Markup:
    """Return text of the specification with backticks as code and asterisks as emphasis."""
    plain = str(escape(harmless(text)))
    return Markup(_EMPHASIS.sub(r"<em>\1</em>", _CODE.sub(r"<code>\1</code>", plain)))


def linked_sources(text: str) -> Markup:
    """Return the sources of a requirement, with a link for each source that has a URL."""
    html = str(inline_markup(text))
    for pattern, address in SOURCES:
        html = re.sub(pattern, partial(_link, address), html)
    return Markup(html)


def _link(address: Callable[[re.Match[str]], str], found: re.Match[str]) -> str:
    return f'<a href="{address(found)}" rel="noreferrer">{found[0]}</a>'
