"""Violations that are alike, as one: an example, and in which values the others differ from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from proctor.harness.violation import Value
from proctor.reports.results import RowViolation

MOST_VALUES = 8
"""Values, or ranges of values, that are listed of those in which violations differ."""


class Group(NamedTuple):
    """Violations of one requirement with one code, in the order of their cases. The first is the example."""

    violations: tuple[RowViolation, ...]

    @property
    def example(self) -> RowViolation:
        """The violation that is shown in full."""
        return self.violations[0]

    @property
    def others(self) -> tuple[RowViolation, ...]:
        """All but the example."""
        return self.violations[1:]

    @property
    def number(self) -> int:
        """How many violations there are."""
        return len(self.violations)

    @property
    def differing(self) -> tuple[str, ...]:
        """The names of the parameters that have several values."""
        names = dict.fromkeys(name for one in self.violations for name in one.parameters)
        return tuple(name for name in names if len({one.parameters.get(name) for one in self.violations}) > 1)

    def the_same(self) -> str:
        """Say in which values the others differ; "" if there are none."""
        if not self.others:
            return ""
        count = f"{len(self.others)} others" if len(self.others) > 1 else "1 other"
        told = [self._values(), self._sent(), self._stages(), self._schedules()]
        where = "; ".join(filter(None, told))
        return f"the same for {count}{f': {where}' if where else ''}"

    def _values(self) -> str:
        """Return the values of the others in which parameters differ, such as "1-63, 65-255" or "SIGHUP, SIGTERM"."""
        first, *rest = self.differing or ("",)
        if not first:
            return ""
        values = dict.fromkeys(
            (one.parameters.get(first, "none"), tuple((name, one.parameters.get(name, "none")) for name in rest))
            for one in self.others
        )
        numbers = [value for value, _ in values if isinstance(value, int)]
        if not rest and len(numbers) == len(values):
            return f"{first} {shortened(ranges(numbers))}"
        return f"{first} {shortened([_with(value, more) for value, more in values])}"

    def _sent(self) -> str:
        """Return what was sent, if it was not the same for all violations."""
        sent = dict.fromkeys(one.sent for one in self.others if one.sent)
        is_same = set(sent) <= {self.example.sent}
        return "" if is_same else f"with {shortened(list(sent))}"

    def _stages(self) -> str:
        """Return the stages, if not all violations were found on the same one."""
        stages = dict.fromkeys(one.stage for one in self.others if one.stage)
        is_same = set(stages) <= {self.example.stage}
        return "" if is_same else f"on {', '.join(stages)}"

    def _schedules(self) -> str:
        """Return how many schedules of the explorer there are besides the example's."""
        schedules = {one.schedule for one in self.others if one.schedule} - {self.example.schedule}
        if not schedules:
            return ""
        return f"under {len(schedules)} other schedule{'s' if len(schedules) > 1 else ''}"


def _with(value: Value, more: tuple[tuple[str, Value], ...]) -> str:
    return f"{value} ({', '.join(f'{name} {one}' for name, one in more)})" if more else str(value)


def grouped(violations: Iterable[RowViolation]) -> list[Group]:
    """Return the violations of one requirement in groups, in order. What follows from another requirement is apart from
    what does not, and what did not come back in each replay from what did."""
    found: dict[object, list[RowViolation]] = {}
    for one in violations:
        found.setdefault((one.code, one.follows_from.partition("[")[0], one.is_unstable), []).append(one)
    return [Group(tuple(ones)) for ones in found.values()]


def ranges(numbers: Iterable[int]) -> list[str]:
    """Return numbers as text, with three or more in a row as a range: "1, 2, 5-9"."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [
        text
        for run in runs
        for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]  # fmt: skip


def shortened(words: list[str]) -> str:
    """Return words as a list that names the first of them, and how many more there are."""
    more = len(words) - MOST_VALUES
    return ", ".join(words[:MOST_VALUES]) + (f", ... ({more} more)" if more > 0 else "")
