"""A real program as the launcher's parent: how it is started, what it tells, and which processes are its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection

from proctor.harness.errors import HarnessError
from proctor.harness.history import Process
from proctor.harness.runner.start.removal import remove
from proctor.harness.runner.start.spawn import Place
from proctor.harness.scenario import Stage

ROLE = "parent"
ASK_WITHIN = 60.0
"""Seconds that a parent gets for what it is asked. It has time limits of its own, after which it kills the launcher."""


class RealParent:
    """The parent of one execution. All processes that belong to it are not the launcher's: it is not waited for them to
    rest, and what is left of them says nothing about the launcher."""

    def __init__(self, stage: Stage, place: Place) -> None:
        self._stage, self._place = stage, place
        self._folder = place.work.parent / "p"
        self._through: tuple[str, ...] = ()
        self._shell = ""
        self._pids: frozenset[int] = frozenset()

    def command_line(self, argv: list[bytes]) -> list[bytes]:
        """Make the folder of the parent; return the command line that starts it, for this launcher."""
        remove(self._folder)
        self._folder.mkdir()
        options = json.dumps(self._stage.options)
        module = "proctor.harness.runner.parents"
        words = [sys.executable, "-I", "-m", module, self._stage.parent, self._place.socket, str(self._folder), options]
        return [*map(os.fsencode, words), *argv]

    def joined(self, pid: int, through: tuple[str, ...], shell: str) -> None:
        """Take in that it runs. through: names of programs between it and the launcher; shell: of one that is the last
        of them."""
        self._through, self._shell = through, shell
        self._pids |= {pid}

    def owns(self, pids: tuple[int, ...]) -> None:
        """Take in the programs that it has started."""
        self._pids |= frozenset(pids)

    def answered(self, what: str, error: int, text: str) -> None:
        """Raise HarnessError for what has failed: that is never the launcher's fault."""
        if error:
            raise HarnessError(
                f"{self._stage.parent}, the launcher's parent here, failed ({what}). This says nothing about the "
                f"launcher: {text}"
            )

    def own(self, table: dict[int, Process]) -> frozenset[int]:
        """Return the pids of its processes, of those in a process table."""
        found = set(self._pids)
        # by pid: who has started another has the lower one
        for process in sorted(table.values(), key=lambda one: one.pid):
            above = table.get(process.ppid)
            is_shell = process.name == self._shell and above is not None and above.name != self._shell
            if process.ppid in found and (process.name in self._through or is_shell):
                found.add(process.pid)
        return frozenset(found & table.keys())

    def close(self) -> None:
        """Remove its folder."""
        remove(self._folder)


def launcher_above(pid: int, own: Collection[int], table: dict[int, Process]) -> Process | None:
    """Return the process that a parent has started: this command or an ancestor of it. own: the parent's processes."""
    while pid in table and table[pid].ppid not in own:
        pid = table[pid].ppid
    return table.get(pid)
