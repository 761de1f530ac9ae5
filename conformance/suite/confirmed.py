"""What replays have confirmed, in all workers of a run: a further case that shows the same is replayed less often."""

from __future__ import annotations

import contextlib
import json
import os


class Confirmed:
    """A set of (target, requirement) that the workers share: a file in memory, which ends with the run. Where the
    system has none, each worker has a set of its own. path: of the file that the first process has made."""

    def __init__(self, path: str = "") -> None:
        self._own: set[tuple[str, str]] = set()
        self._file = -1
        # AttributeError: not Linux. OSError: /proc does not let this worker open it. Then its own set must do.
        with contextlib.suppress(OSError, AttributeError):
            self._file = os.open(path, os.O_RDWR | os.O_APPEND) if path else os.memfd_create("proctor")

    @property
    def path(self) -> str:
        """The path by which a worker opens the same file."""
        return f"/proc/{os.getpid()}/fd/{self._file}" if self._file >= 0 else ""

    def add(self, target: str, requirement: str) -> None:
        """Note that a violation of this requirement came back in each replay."""
        self._own.add((target, requirement))
        if self._file >= 0:
            os.write(self._file, json.dumps([target, requirement]).encode() + b"\n")

    def has(self, target: str, requirement: str) -> bool:
        """Whether that was noted, by whichever worker."""
        if (target, requirement) in self._own or self._file < 0:
            return (target, requirement) in self._own
        whole = os.pread(self._file, os.fstat(self._file).st_size, 0)
        self._own |= {(name, id_) for name, id_ in map(json.loads, whole.splitlines())}
        return (target, requirement) in self._own
