"""What the explorer covered, out of the lines that say so."""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(
    r"(?P<what>[^:]+): (?P<played>\d+) of (?P<all>\d+) schedules "
    r"\((?P<stimuli>.*); (?P<points>\d+) points\)(?P<more>.*)",
    re.DOTALL,
)


class Explored(NamedTuple):
    """A campaign: how many of its schedules were played, what they deliver, at how many points, and what else is said
    of it."""

    what: str
    played: int
    of: int
    stimuli: str
    points: int
    more: str

    @property
    def percent(self) -> float:
        """How many of its schedules were played."""
        return round(100 * min(1.0, self.played / self.of), 1) if self.of else 0.0


def explored(line: str) -> Explored | None:
    """Return what a line of coverage says; None where it says it in other words."""
    found = _LINE.fullmatch(line)
    if not found:
        return None
    stimuli = found["stimuli"].removeprefix("deliver ").replace(", deliver ", ", ")
    more = found["more"].removeprefix("; ")
    return Explored(found["what"], int(found["played"]), int(found["all"]), stimuli, int(found["points"]), more)
