"""nodemon as the launcher's parent: it starts a server, and starts it anew when a file changes.

https://github.com/remy/nodemon#readme. It signals all processes below it, and the launcher once more; it starts the
server anew when the launcher has ended.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from proctor.harness.programs import find_program
from proctor.harness.runner import processes
from proctor.harness.runner.parents.parent import Parent, end

WATCHES = rb"watching \d+ file"
"""What is printed once the files are watched: the server is started before that."""
STARTED = rb"child pid: (\d+)\n"
OPTIONS = ("--signal", "SIGINT", "--verbose", "--no-colours", "--no-update-notifier", "--no-stdin", "--ext", "py")
"""The default signal, SIGUSR2, ends a server that is not written in Node as SIGKILL would. Without --verbose it prints
neither when it watches nor what it has started. The notifier looks for a new version on the network."""


class Nodemon(Parent):
    """One server below nodemon."""

    _changes = 0
    """How often a file was saved: each time it is another one."""

    def start(self) -> None:
        """Start nodemon on a directory with one file. It runs the launcher by a shell, which is told to become it."""
        watched = self.job.folder / "watched"
        watched.mkdir()
        (watched / "server.py").touch()
        words = [find_program("nodemon") or "nodemon", *OPTIONS, "--watch", str(watched)]
        self.run([*words, "--exec", f"exec {self.job.line}"], start_new_session=True)

    @property
    def verbs(self) -> dict[str, Callable[[], str]]:
        """change: save a file, so that the server is started anew. steady: return when a server whose launcher has
        ended has been started anew."""
        return {"change": self._change, "steady": self._steady}

    def _change(self) -> str:
        """A file that is renamed is one change to nodemon. One that is written may be two: then it restarts twice."""
        self.until_printed(WATCHES)
        new = self.job.folder / "new.py"
        new.touch()
        self._changes += 1
        new.rename(self.job.folder / "watched" / f"server-{self._changes}.py")
        return ""

    def _steady(self) -> str:
        launchers = self.until_printed(STARTED)
        if _has_ended(int(launchers[-1])):
            self.until_printed(STARTED, len(launchers) + 1)
        return ""

    def close(self) -> None:
        """End it as Ctrl-C does."""
        self._closes = True
        for program in self.started:
            end(program, signal.SIGINT)


def _has_ended(pid: int) -> bool:
    process = processes.table().get(pid)
    return process is None or process.state in "XZ"
