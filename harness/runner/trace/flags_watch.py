"""Watches the file status flags of what the launcher shares with its caller: its descriptors 0, 1 and 2.

Flags belong to the open file description, so all who share it see a change (fcntl(2), F_SETFL; ioctl(2), FIONBIO). A
launcher may change them for a moment only, so that a look at its start and at its end shows nothing. Each call that
changes them stops a traced task, and then they are read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable

from proctor.harness import history
from proctor.harness.calls import FLAG_CHANGES
from proctor.harness.runner.recorder import Recorder


class FlagsWatch:
    """Keeps copies of the launcher's descriptors, which are the same open file descriptions."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._copies: dict[int, int] = {}
        self._flags: dict[int, int] = {}

    def keep(self, given: Iterable[int]) -> None:
        """Keep copies of the descriptors that become 0, 1 and 2; one of those that are one description."""
        seen = set()
        for number, fd in enumerate(given):
            if fd not in seen:
                seen.add(fd)
                self._copies[number] = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20)
                self._flags[number] = fcntl.fcntl(fd, fcntl.F_GETFL)

    @staticmethod
    def is_change(call: str, arguments: tuple[int, ...]) -> bool:
        """Whether a system call with these arguments changes flags."""
        only = FLAG_CHANGES.get(call)
        return only is not None and arguments[only.argument] & 0xFFFFFFFF in only.values

    def look(self, process: str) -> None:
        """Record what has changed since the last look. process: whose call it was, "" where that is not known."""
        for number, fd in self._copies.items():
            now = fcntl.fcntl(fd, fcntl.F_GETFL)
            if now != self._flags[number]:
                self._recorder.add("tracer", history.FlagsChanged(number, self._flags[number], now, process))
                self._flags[number] = now

    def close(self) -> None:
        """Close the copies."""
        for fd in self._copies.values():
            os.close(fd)
        self._copies.clear()
