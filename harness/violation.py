"""What is wrong with a history: a stable code with its parameters, and the text that people read.

Programs decide and compare by code and parameters alone. The text may change from one version to the next, and it
holds what differs from run to run: pids, durations, numbers of events.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self, TypeVar

import msgspec

Value = str | int
HANG_UP = "hang-up"
"""What was sent if the terminal was closed."""
Key = tuple[str, tuple[tuple[str, Value], ...]]


class Violation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One objection to a history.

    code: what is wrong, as in "not-delivered"; with the requirement that it breaks, "SIG-1/not-delivered". parameters:
    of what, the same in each run: a signal, the role of a process, an exit code. required, actual: for people. events:
    the indexes of the events that show it. schedule: the schedule under which it was found, "" for none. sent: the last
    signal or key that the launcher got before, as in "SIGTERM", "ctrl-c" or "hang-up"; "" if nothing was sent, or if a
    parameter names the signal.
    """

    code: str
    parameters: dict[str, Value] = {}
    required: str = ""
    actual: str = ""
    events: tuple[int, ...] = ()
    schedule: str = ""
    sent: str = ""

    def __str__(self) -> str:
        under = f"{self.schedule}: " if self.schedule else ""
        return f"{under}required: {self.required}; actual: {self.actual}"

    @property
    def short_code(self) -> str:
        """The code without the requirement."""
        return self.code.rpartition("/")[2]

    @property
    def key(self) -> Key:
        """What stays the same from run to run: equal for two violations that are the same fault."""
        return self.code, tuple(sorted(self.parameters.items()))

    def of(self, requirement: str) -> Self:
        """Return the violation of this requirement: its code names it."""
        return msgspec.structs.replace(self, code=f"{requirement}/{self.short_code}")


V = TypeVar("V", bound=Violation)


def unlike(violations: Iterable[V]) -> tuple[V, ...]:
    """Return one violation for each key, in order."""
    return tuple({one.key: one for one in violations}.values())
