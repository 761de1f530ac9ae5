"""What stage.c reports: that it could not set up, the launcher's pid, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Callable

from proctor.harness.runner.sources import Sources


def error_in(report: int) -> tuple[str, int] | None:
    """Return the step that failed and its errno, of what stage.c has written to this pipe by now; None if none did."""
    os.set_blocking(report, False)
    try:
        lines = os.read(report, 4096).decode().splitlines()
    except BlockingIOError:
        return None
    return next((found for line in lines if (found := _error(line.split()))), None)


def _error(words: list[str]) -> tuple[str, int] | None:
    return (words[1], int(words[2])) if words[:1] == ["error"] else None


class StageReport:
    """The pipe on which stage.c writes its lines. A launcher's exec closes its copy of the other end."""

    def __init__(
        self,
        sources: Sources,
        on_pid: Callable[[int], None],
        on_wait: Callable[[int, int], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._on_pid, self._on_wait, self._on_lost = on_pid, on_wait, on_lost
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        self._unread = b""
        self._has_pid = self._is_over = False
        self.is_ready = False
        """Whether the launcher-to-be waits to be traced."""
        self.error: tuple[str, int] | None = None
        sources.add(self._ours, self._read)

    def spawned(self) -> None:
        """Close the writing end here: those of the stage are the only ones now."""
        os.close(self.theirs)
        self.theirs = -1

    def done_with_start(self) -> bool:
        """Whether the launcher runs, or never will: see `error`."""
        return self._has_pid or self._is_over or self.error is not None

    def _read(self) -> None:
        try:
            data = os.read(self._ours, 4096)
        except BlockingIOError:
            return
        if not data:
            self._is_over = True
            self._sources.remove(self._ours)
            self._on_lost("launcher")
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._take(line.decode().split())

    def _take(self, words: list[str]) -> None:
        match words:
            case ["error", step, number, _]:
                self.error = (step, int(number))
            case ["pid", pid, _]:
                self._has_pid = True
                self._on_pid(int(pid))
            case ["ready", *_]:
                self.is_ready = True
            case ["wait", pid, status]:
                self._on_wait(int(pid), int(status))

    def close(self) -> None:
        """Close what is open."""
        self._sources.remove(self._ours)
        os.close(self._ours)
        if self.theirs >= 0:
            os.close(self.theirs)
