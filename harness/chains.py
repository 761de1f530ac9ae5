"""Launchers in a chain, each of which starts the next: `tini,npm-run,uv-run`, outermost first."""

from __future__ import annotations

from collections.abc import Sequence

from proctor.harness.errors import UsageError
from proctor.harness.target import COMMAND, Target

SEPARATOR = ","


def chained(links: Sequence[Target], shown: str) -> Target:
    """Return the target that these make together, each starting the next. It is transparent, as all of them are, and an
    init if the outermost is one. Raise UsageError, with the prefix `shown`, where one cannot start any command, or two
    of them need different things in one place."""
    for link in links:
        if "transparent" not in link.profiles or link.bundle:
            raise UsageError(
                f"{shown}: {link.name} cannot be a link of a chain: it does not start any command (profile transparent)"
            )
    words: tuple[str, ...] = ()
    for link in reversed(links):
        words = _before(link, words)
    outermost = links[0]
    return Target(
        name=SEPARATOR.join(link.name for link in links),
        command=words,
        description=f"a chain of {len(links)} launchers",
        version=outermost.version,
        profiles=("chain", *(("init",) if "init" in outermost.profiles else ()), "transparent"),
        environment=_merged([link.environment for link in links], "the variable", shown),
        adds=tuple(dict.fromkeys(name for link in links for name in link.adds)),
        changes=tuple(dict.fromkeys(name for link in links for name in link.changes)),
        own=tuple(dict.fromkeys(path for link in links for path in link.own)),
        keeps=tuple(dict.fromkeys(path for link in links for path in link.keeps)),
        files=_merged([link.files for link in links], "the file", shown),
        slow=any(link.slow for link in links),
        witness="dynamic" if any(link.witness == "dynamic" for link in links) else "static",
        chain=tuple(link.name for link in links),
    )


def _before(link: Target, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line of a link with that of the next one as its command."""
    if not words:
        return link.command
    at = link.command.index(COMMAND) if COMMAND in link.command else len(link.command)
    return (*link.command[:at], *words, *link.command[at + 1 :])


def _merged(parts: Sequence[dict[str, str]], what: str, shown: str) -> dict[str, str]:
    whole: dict[str, str] = {}
    for part in parts:
        for name, value in part.items():
            if whole.setdefault(name, value) != value:
                raise UsageError(f"{shown}: two links of the chain need {what} {name}, with different contents")
    return whole
