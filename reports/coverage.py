"""What the explorer has played of one campaign, as the results keep it: how much, what was left out, and the map of
points and outcomes."""

from __future__ import annotations

from typing import Annotated

import msgspec


class PointRange(msgspec.Struct, frozen=True):
    """Points of one process at which the same came of everything, and between them none at which another thing did.
    runs: their numbers, from 1, among all points of the campaign, the first and the last of those that follow each
    other; start, end: the first and the last of the points themselves; came: the outcomes; objected: those of them that
    are not as they should be."""

    process: str
    runs: Annotated[tuple[tuple[int, int], ...], msgspec.Meta(min_length=1)]
    start: str
    end: str
    came: tuple[str, ...] = ()
    objected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = [number for run in self.runs for number in run]
        if numbers != sorted(numbers) or numbers[0] < 1:
            raise ValueError(f"runs of points go up from 1, and these do not: {self.runs}")

    @property
    def first(self) -> int:
        """The number of its first point."""
        return self.runs[0][0]

    @property
    def last(self) -> int:
        """The number of its last point."""
        return self.runs[-1][1]

    @property
    def visited(self) -> int:
        """How many points it has: between the first and the last there may be some at which nothing was played."""
        return sum(last - first + 1 for first, last in self.runs)

    @property
    def numbers(self) -> str:
        """The first and the last by number."""
        return f"{self.first}-{self.last}" if self.last > self.first else f"{self.first}"

    @property
    def of(self) -> str:
        """How many of the points from the first to the last it has; "" for all of them."""
        whole = self.last - self.first + 1
        return "" if self.visited == whole else f"{self.visited} of {whole}"

    @property
    def where(self) -> str:
        """Its points by name: the process is named once."""
        same = self.end.removeprefix(self.start.split(" ")[0] + " ")
        return self.start if self.start == self.end else f"{self.start} .. {same}"


class Coverage(msgspec.Struct, frozen=True):
    """One campaign on one launcher. stimuli: what was delivered; points: how many there are; schedules: how many there
    are, None where there is no end of them; unreached: of those that were played, how many had a point that the
    launcher did not pass that time; left_out: how many schedules are not among them, and why."""

    requirement: str
    campaign: str
    stimuli: tuple[str, ...]
    points: Annotated[int, msgspec.Meta(ge=0)]
    played: int
    schedules: int | None = None
    unreached: int = 0
    left_out: str = ""
    stretches: tuple[PointRange, ...] = ()

    def __post_init__(self) -> None:
        for stretch in self.stretches:
            if stretch.last > self.points:
                raise ValueError(f"there are {self.points} points, and {stretch.numbers} is not among them")

    @property
    def delivered(self) -> str:
        """What was delivered, in a few words."""
        return ", ".join(one.replace("deliver ", "") for one in self.stimuli) or "process order"

    @property
    def percent(self) -> float:
        """How much of it was played, in percent."""
        return round(100 * min(1.0, self.played / self.schedules), 1) if self.schedules else 0.0

    def __str__(self) -> str:
        text = f"{self.campaign}: {self.played} of {self.schedules or 'unlimited'} schedules "
        text += f"({', '.join(self.stimuli) or 'process order'}; {self.points} points)"
        if self.unreached:
            text += f"; {self.unreached} did not reach their point again"
        return text + (f"; skipped: {self.left_out}" if self.left_out else "")
