"""watchfiles as the launcher's parent: it starts a server, and starts it anew when a file changes.

https://watchfiles.helpmanual.io/cli/
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from proctor.harness.runner.parents.parent import Parent, end

INTERRUPT_WITHIN = 2
"""Seconds that the server gets after SIGINT. Then it is killed."""
WATCHES = b"watcher:"
"""What is printed once the files are watched: the server is started before that."""


class Watchfiles(Parent):
    """One server below watchfiles."""

    _changes = 0
    """How often the file was saved: each time it has another size."""

    def start(self) -> None:
        """Start watchfiles on an empty directory."""
        watched = self.job.folder / "watched"
        watched.mkdir()
        limits = ["--sigint-timeout", str(INTERRUPT_WITHIN), "--sigkill-timeout", "2"]
        words = [sys.executable, "-I", "-m", "watchfiles", "--verbosity", "debug", "--target-type", "command"]
        self.run([*words, *limits, self.job.line, str(watched)], start_new_session=True)

    @property
    def verbs(self) -> dict[str, Callable[[], str]]:
        """change: save a file, so that the server is started anew."""
        return {"change": self._change}

    def _change(self) -> str:
        self.until_printed(WATCHES)
        (self.job.folder / "watched" / "server.py").write_bytes(b"#" * (self._changes + 1))
        self._changes += 1
        return ""

    def close(self) -> None:
        """End it as Ctrl-C does."""
        self._closes = True
        for program in self.started:
            end(program, signal.SIGINT)
