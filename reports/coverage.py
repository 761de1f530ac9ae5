"""The coverage of one exploration campaign in the results: how much was tested, what was skipped, and the outcomes."""

from __future__ import annotations

from typing import Annotated

import msgspec

ENOUGH = 0.5
"""The share of the executed schedules that has to be conclusive. A launcher whose system calls differ from run to run
misses some points, and not the same number each time: chronic about a third at its end. The limit is far from that, so
chance does not decide between pass and partial."""


class PointRange(msgspec.Struct, frozen=True):
    """Points of one process with the same outcomes, without a point of other outcomes between them. runs: the first and
    last number of each run of consecutive points, counted from 1 in the campaign; start, end: the first and the last
    point as text; came: the outcomes that are allowed; objected: those that violate the requirement."""

    process: str
    runs: Annotated[tuple[tuple[int, int], ...], msgspec.Meta(min_length=1)]
    start: str
    end: str
    came: tuple[str, ...] = ()
    objected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = [number for run in self.runs for number in run]
        if numbers != sorted(numbers) or numbers[0] < 1:
            raise ValueError(f"runs of points must increase from 1: {self.runs}")

    @property
    def first(self) -> int:
        """The number of the first point."""
        return self.runs[0][0]

    @property
    def last(self) -> int:
        """The number of the last point."""
        return self.runs[-1][1]

    @property
    def visited(self) -> int:
        """The number of tested points. Points between the first and the last may be untested."""
        return sum(last - first + 1 for first, last in self.runs)

    @property
    def numbers(self) -> str:
        """The numbers of the first and the last point, as text."""
        return f"{self.first}-{self.last}" if self.last > self.first else f"{self.first}"

    @property
    def of(self) -> str:
        """How many points from the first to the last were tested, as text; "" for all of them."""
        whole = self.last - self.first + 1
        return "" if self.visited == whole else f"{self.visited} of {whole}"

    @property
    def where(self) -> str:
        """The first and the last point, as text; the process is named once."""
        same = self.end.removeprefix(self.start.split(" ")[0] + " ")
        return self.start if self.start == self.end else f"{self.start} .. {same}"


class Coverage(msgspec.Struct, frozen=True):
    """One campaign on one launcher. stimuli: what was delivered; points, schedules, played: numbers of points, planned
    schedules and executed schedules (schedules is None if unlimited); unreached: the number of executed schedules with
    a point that the launcher did not reach again; left_out: which schedules were not planned, and why; inconclusive:
    the number of executed schedules whose history decides nothing, for example because nothing was delivered; kinds: at
    which kinds of moments schedules were executed, where they are tried by kinds; completeness: of the strategy
    `complete`, what was played of all interleavings, as text."""

    requirement: str
    campaign: str
    stimuli: tuple[str, ...]
    points: Annotated[int, msgspec.Meta(ge=0)]
    played: int
    schedules: int | None = None
    unreached: int = 0
    left_out: str = ""
    stretches: tuple[PointRange, ...] = ()
    inconclusive: int = 0
    kinds: tuple[str, ...] = ()
    completeness: str = ""

    def __post_init__(self) -> None:
        for stretch in self.stretches:
            if stretch.last > self.points:
                raise ValueError(f"there are {self.points} points; {stretch.numbers} is out of range")

    @property
    def delivered(self) -> str:
        """What was delivered, as text."""
        return ", ".join(one.replace("deliver ", "") for one in self.stimuli) or "process order"

    @property
    def percent(self) -> float:
        """The share of executed schedules, in percent."""
        return round(100 * min(1.0, self.played / self.schedules), 1) if self.schedules else 0.0

    @property
    def is_played(self) -> bool:
        """Whether every planned schedule was executed. An unlimited plan never is."""
        return self.schedules is not None and self.played >= self.schedules

    @property
    def is_whole(self) -> bool:
        """Whether every planned schedule was executed, and enough of them were conclusive."""
        return self.is_played and self.played - self.inconclusive >= ENOUGH * self.played

    @property
    def how_much(self) -> str:
        """How much was executed, as text."""
        whole = "schedules of an unlimited plan" if self.schedules is None else f"of {self.schedules} schedules"
        unsure = f", {self.inconclusive} of them inconclusive" if self.inconclusive else ""
        moments = f", at {len(self.kinds)} kinds of moments" if self.kinds and not self.is_played else ""
        return f"{self.campaign}: {self.played} {whole}{moments}{unsure}"

    def __str__(self) -> str:
        if self.completeness:
            return f"{self.campaign} ({', '.join(self.stimuli) or 'process order'}): {self.completeness}"
        text = f"{self.campaign}: {self.played} of {self.schedules or 'unlimited'} schedules "
        text += f"({', '.join(self.stimuli) or 'process order'}; {self.points} points)"
        if self.unreached:
            text += f"; {self.unreached} did not reach their point again"
        if self.inconclusive:
            text += f"; {self.inconclusive} inconclusive"
        return text + (f"; skipped: {self.left_out}" if self.left_out else "")
