"""The requirements: one Markdown file for each chapter, which is normative, and the code that reads these files."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from proctor.harness.errors import HarnessError
from proctor.harness.target import Profile

VERSION = 6
"""The version of the specification. It changes when a requirement changes its meaning or its level. Results of
different versions are not compared."""
Level = Literal["MUST", "MUST NOT", "SHOULD", "MAY"]
CHAPTERS = (
    "exit", "signals", "terminal", "tree", "inherit", "stdio", "environments", "sync", "cache", "exec", "fault",
    "group", "world",
)  # fmt: skip


class Requirement(msgspec.Struct, frozen=True):
    """One requirement. why: its reason; source: where it comes from; profile, also: the launchers to which it applies;
    mend: how a launcher can meet it, where that is not plain."""

    id: str
    level: Level
    sentence: str
    why: str
    source: str
    profile: Profile
    chapter: str
    mend: str = ""
    also: Profile | None = None

    def applies_to(self, profiles: Collection[Profile]) -> bool:
        """Whether it applies to a launcher that claims these profiles."""
        return self.profile in profiles or (self.also is not None and self.also in profiles)

    @property
    def is_mandatory(self) -> bool:
        """Whether a violation fails the run: yes for MUST and MUST NOT, no for SHOULD and MAY."""
        return self.level in ("MUST", "MUST NOT")


_HEADING = re.compile(r"^## ([A-Z]+-\d+) \((MUST NOT|MUST|SHOULD|MAY)\)$", re.MULTILINE)
_ITEM = re.compile(r"^- (Why|Source|Profile|Note|Mend it): (.*?)(?=^- |\Z)", re.MULTILINE | re.DOTALL)


@cache
def requirements() -> dict[str, Requirement]:
    """Return all requirements by id, in the order of the chapters."""
    found: dict[str, Requirement] = {}
    for chapter in CHAPTERS:
        text = (Path(__file__).parent / f"{chapter}.md").read_text(encoding="utf-8")
        for requirement in _read(chapter, text):
            if requirement.id in found:
                where = f"conformance/spec/{chapter}.md"
                raise HarnessError(f"{where}: {requirement.id} is defined twice; ids are unique, so rename one")
            found[requirement.id] = requirement
    return found


def _read(chapter: str, text: str) -> list[Requirement]:
    parts = _HEADING.split(text)[1:]
    return [_one(chapter, *parts[at : at + 3]) for at in range(0, len(parts), 3)]


def _one(chapter: str, name: str, level: str, body: str) -> Requirement:
    body = body.partition("\n## ")[0]  # a section after it, such as a table, is not part of it
    items = {key: " ".join(value.split()) for key, value in _ITEM.findall(body)}
    missing = {"Why", "Source", "Profile"} - items.keys()
    if missing:
        raise HarnessError(f"conformance/spec/{chapter}.md: {name} has no {', '.join(sorted(missing))}; add the item")
    profile, _, also = items["Profile"].rstrip(".").partition(", ")
    sentence = " ".join(re.split(r"^- ", body, maxsplit=1, flags=re.MULTILINE)[0].split())
    raw = {"id": name, "level": level, "sentence": sentence, "why": items["Why"], "source": items["Source"],
           "profile": profile, "also": also or None, "chapter": chapter, "mend": items.get("Mend it", "")}  # fmt: skip
    return msgspec.convert(raw, Requirement)
